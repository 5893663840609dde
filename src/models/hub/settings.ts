import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../core/errors.js';

/** Where models come from and are kept, as the variables say that Python's huggingface_hub knows, too. */
export interface HubSettings {
  /** `HF_ENDPOINT`: address of the hub or a mirror, without a slash at its end. */
  readonly endpoint: string;
  /** `HF_HUB_CACHE`, or `HF_HOME`/hub. */
  readonly cache: string;
  /** `HF_TOKEN`, for private and gated models. Sent to the endpoint alone. */
  readonly token: string | null;
  /** `HF_HUB_OFFLINE`: only what is in the cache is used. */
  readonly offline: boolean;
}

/** @throws InputError for an endpoint that is no address */
export function hubSettings(env: Readonly<Record<string, string | undefined>> = process.env): HubSettings {
  const given = (name: string): string | undefined => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  const endpoint = (given('HF_ENDPOINT') ?? 'https://huggingface.co').replace(/\/+$/, '');
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new InputError(`HF_ENDPOINT: found "${endpoint}"; expected an http(s) address`);
  const home = given('HF_HOME') ?? join(given('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint,
    cache: given('HF_HUB_CACHE') ?? join(home, 'hub'),
    token: given('HF_TOKEN') ?? null,
    offline: /^(?:1|on|yes|true)$/i.test(given('HF_HUB_OFFLINE') ?? ''),
  };
}

/** A model on the hub. */
export interface HubModel {
  /** `organisation/name`, or `name` alone for a few old ones. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** `organisation/name` or `organisation/name@revision`; undefined for a text that cannot be a model's id. */
export function parseHubId(text: string): HubModel | undefined {
  const match = /^((?:[\w-][\w.-]*\/)?[\w-][\w.-]*)(?:@([\w-][\w./-]*))?$/.exec(text);
  if (match === null || /\.\.|--|\/\/|\/$/.test(text) || match[1]!.length > 96) return undefined;
  return { id: match[1]!, revision: match[2] ?? 'main' };
}
