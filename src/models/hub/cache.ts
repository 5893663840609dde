import { readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { exists, isErrno, writeFileAtomic } from '../../io/files.js';
import { makeFolder } from '../../io/folders.js';

const commitPattern = /^[0-9a-f]{40}$/;

/**
 * One model in a hub cache, in huggingface_hub's layout: `models--ORG--NAME/blobs/ETAG` stores each file once,
 * `snapshots/COMMIT/FILE` links to it, `refs/REVISION` contains the last known commit of a branch, and an empty
 * `.no_exist/COMMIT/FILE` records that the commit has no such file.
 * Layout: https://huggingface.co/docs/hub/local-cache
 */
export class CachedModel {
  readonly folder: string;

  constructor(cache: string, id: string) {
    this.folder = join(cache, `models--${id.replaceAll('/', '--')}`);
  }

  /** The last known commit of a revision, or undefined. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (commitPattern.test(revision)) return revision;
    try {
      const commit = (await readFile(join(this.folder, 'refs', revision), 'utf8')).trim();
      return commitPattern.test(commit) ? commit : undefined;
    } catch (error) {
      if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR') || isErrno(error, 'EISDIR')) return undefined;
      throw error;
    }
  }

  async rememberCommit(revision: string, commit: string): Promise<void> {
    if (!commitPattern.test(revision)) await writeFileAtomic(join(this.folder, 'refs', revision), commit);
  }

  /** The folder with the downloaded files of a commit, laid out like the repository. */
  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  blob(etag: string): string {
    return join(this.folder, 'blobs', etag);
  }

  /** True if a commit has a file, false if it has not, undefined if that is unknown or the cached blob was deleted. */
  async has(commit: string, file: string): Promise<boolean | undefined> {
    if (await exists(join(this.snapshot(commit), file))) return true;
    return (await exists(join(this.folder, '.no_exist', commit, file))) ? false : undefined;
  }

  async rememberMissing(commit: string, file: string): Promise<void> {
    await writeFileAtomic(join(this.folder, '.no_exist', commit, file), '');
  }

  /** Adds a blob to a snapshot: links to it, or moves it on file systems without links. */
  async link(commit: string, file: string, etag: string): Promise<void> {
    const path = join(this.snapshot(commit), file);
    await makeFolder(dirname(path));
    await rm(path, { force: true });
    try {
      await symlink(relative(dirname(path), this.blob(etag)), path);
    } catch (error) {
      if (isErrno(error, 'EEXIST')) return;
      await rename(this.blob(etag), path);
    }
  }
}

/** The model and commit of a snapshot folder in a hub cache, or undefined for any other folder. */
export function snapshotOrigin(folder: string): { readonly id: string; readonly revision: string } | undefined {
  const match = /[\\/]models--([^\\/]+)[\\/]snapshots[\\/]([0-9a-f]{40})[\\/]?$/.exec(folder);
  return match === null ? undefined : { id: match[1]!.replace('--', '/'), revision: match[2]! };
}
