/** `sgpt-bench/models`: checkpoints and hosted models as encoders and pair scorers. */
export type * from '../core/model.js';
export type { RetryPolicy } from '../io/retry.js';
export {
  createBiEncoder,
  createCrossEncoder,
  inspectModel,
  poolings,
  promptNames,
  supportedArchitectures,
  type BiEncoderOptions,
  type CrossEncoderOptions,
  type Inspection,
} from '../models/index.js';
export {
  createRemoteEncoder,
  createRemotePairScorer,
  type RemoteContext,
  type RemoteEncoderOptions,
  type RemotePairScorerOptions,
} from '../remote/index.js';
