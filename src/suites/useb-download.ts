import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import { usebDatasets } from '../core/useb.js';
import { kindOf } from '../io/files.js';
import { addressOf, archiveSource, install, type DownloadOptions } from './install.js';

/**
 * Downloads USEB's data into `datasetsDir`/useb; see {@link install}. It is not on the hub, and no checksum is published.
 * @throws InputError as {@link install}, and for an archive without the four tasks
 */
export async function downloadUseb(
  { folder: published, file }: { readonly folder: string; readonly file: string },
  options: DownloadOptions,
): Promise<string> {
  if (options.mirror?.startsWith('hub') === true)
    throw new InputError(`useb: is not on the hub; leave out --mirror, or give the address of a folder with ${file}`);
  const folder = options.mirror === undefined ? published : addressOf(options.mirror);
  const source = { name: 'useb', url: `${folder}/${file}`, expected: null, wanted: isUsebFile, root: usebRoot };
  return install('useb', archiveSource(source), options);
}

function isUsebFile(path: string): boolean {
  return new RegExp(`(?:^|/)(?:${usebDatasets.join('|')})/[^/]+\\.(?:txt|json|data|label)$`).test(path);
}

/** The folder with the four tasks: the unpacked folder, or the only folder in it. */
async function usebRoot(unpacked: string): Promise<string> {
  const folders = await readdir(unpacked);
  const only = folders.length === 1 ? folders[0] : undefined;
  const root = only === undefined || usebDatasets.some((task) => task === only) ? unpacked : join(unpacked, only);
  for (const task of usebDatasets)
    if ((await kindOf(join(root, task))) !== 'folder')
      throw new InputError(`useb: the archive has no folder ${task}; is it USEB's data-eval.zip?`);
  return root;
}
