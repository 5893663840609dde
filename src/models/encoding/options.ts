import { encoderFields, type EncoderField } from '../../core/system-fields.js';
import { completeFields, type FieldValues, type SystemSpec } from '../../core/system-spec.js';
import { refuseUnknownOptions, type RunOptions } from '../loading/start-model.js';

/** A bi-encoder to open: its model, and fields of a system (core/system-fields.ts says what each means). */
export interface BiEncoderOptions extends RunOptions, FieldValues<EncoderField> {
  /** A model folder in the Hugging Face layout, or a hub id: `organisation/name`, `organisation/name@revision`. */
  readonly model: string;
}

/** The options with all defaults. */
export type EncoderRequest = RunOptions & Pick<SystemSpec, EncoderField>;

/** @throws InputError for an invalid value, or an option that does not exist */
export function encoderRequest(options: BiEncoderOptions): EncoderRequest {
  refuseUnknownOptions(options, encoderFields);
  return { ...options, ...completeFields(encoderFields, options) };
}
