import { parseHubId } from '../models/hub/settings.js';

/** True if a model's name can be a hub id (`organisation/name`, `organisation/name@revision`). */
export function isHubId(model: string): boolean {
  return parseHubId(model) !== undefined;
}
