/** Hosted models: clients of servers with OpenAI's HTTP interface. */
export { createRemoteEncoder, type RemoteEncoderOptions } from './encoder.js';
export { createRemotePairScorer, type RemotePairScorerOptions } from './pair-scorer.js';
export { hostedModelName, parseServerUrl } from './endpoint.js';
export { requireTokenizer, type RemoteContext, type RemoteOptions } from './remote-model.js';
