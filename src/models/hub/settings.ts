import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../core/errors.js';

/** Settings of the hub and its cache, from the same environment variables as Python's huggingface_hub. */
export interface HubSettings {
  /** `HF_ENDPOINT`: address of the hub or a mirror, without a trailing slash. */
  readonly endpoint: string;
  /** `HF_HUB_CACHE`, or `HF_HOME`/hub. */
  readonly cache: string;
  /** `HF_TOKEN`, for private and gated models. Sent to no server but the endpoint. */
  readonly token: string | null;
  /** `HF_HUB_OFFLINE`: use cached files only. */
  readonly offline: boolean;
}

/** Reads the settings. @throws InputError for an endpoint that is not an http(s) address */
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

/**
 * Parses `organisation/name` or `organisation/name@revision`; returns undefined for a text that cannot be a model's id.
 */
export function parseHubId(text: string): HubModel | undefined {
  const match = /^((?:[\w-][\w.-]*\/)?[\w-][\w.-]*)(?:@([\w-][\w./-]*))?$/.exec(text);
  if (match === null || /\.\.|--|\/\/|\/$/.test(text) || match[1]!.length > 96) return undefined;
  return { id: match[1]!, revision: match[2] ?? 'main' };
}
