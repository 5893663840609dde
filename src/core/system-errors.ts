/** What an error of the operating system means, and what to do about it. */
export interface SystemFault {
  readonly reason: string;
  readonly advice: string;
}

const again = 'run the same command again to go on';

/** The one table of system errors that users meet, by their codes (errno(3), and Node's own). */
const faults: Readonly<Record<string, SystemFault>> = {
  ENOSPC: { reason: 'the disk is full', advice: `free disk space and ${again}` },
  EDQUOT: { reason: 'the disk quota is used up', advice: `free disk space and ${again}` },
  EFBIG: { reason: 'the file would be larger than the file system allows', advice: 'choose another file system' },
  EROFS: { reason: 'the file system is read-only', advice: 'choose another folder' },
  EACCES: { reason: 'permission is denied', advice: 'check the permissions of the file and of its folders' },
  EPERM: { reason: 'the operation is not permitted', advice: 'check the permissions of the file and of its folders' },
  ENOENT: { reason: 'there is no such file or folder', advice: 'check the path' },
  ENOTDIR: { reason: 'a part of the path is a file, not a folder', advice: 'check the path' },
  EISDIR: { reason: 'it is a folder, not a file', advice: 'check the path' },
  EEXIST: { reason: 'there is a file in its place', advice: 'check the path' },
  ENOTEMPTY: { reason: 'the folder is not empty', advice: 'choose another folder' },
  ELOOP: { reason: 'its symbolic links lead back to themselves', advice: 'replace the links' },
  ENAMETOOLONG: { reason: 'the name is too long for the file system', advice: 'choose a shorter name' },
  EXDEV: { reason: 'it is on another file system', advice: 'choose a folder on the same one' },
  ENXIO: { reason: 'it is not a file that can be read', advice: 'check the path' },
  EMFILE: { reason: 'too many files are open in this process', advice: `raise the limit (ulimit -n) and ${again}` },
  ENFILE: { reason: 'too many files are open on this machine', advice: `close other programs and ${again}` },
  EBUSY: { reason: 'it is in use by another program', advice: `wait for that program and ${again}` },
  ETXTBSY: { reason: 'it is in use by another program', advice: `wait for that program and ${again}` },
  EIO: { reason: 'the disk or the network behind it fails', advice: `check it and ${again}` },
  ESTALE: { reason: 'the network file system has lost it', advice: `mount it again and ${again}` },
  ENODEV: { reason: 'there is no such device', advice: 'check the path' },
  EINVAL: { reason: 'the file system does not allow that', advice: 'choose another folder' },
  ENOMEM: { reason: 'there is not enough memory', advice: 'close other programs, or use a machine with more memory' },
  EAGAIN: { reason: 'the system cannot start more processes', advice: `raise the limit (ulimit -u) and ${again}` },
  ERR_FS_FILE_TOO_LARGE: { reason: 'it is larger than 2 GiB', advice: 'check that it is the right file' },
};

/** Path arguments with a NUL character are refused by Node before the system sees them. */
const nulInPath: SystemFault = { reason: 'the path holds a NUL character', advice: 'check the path' };

/** What a system error means: "the disk is full"; undefined for an error that is not the system's. */
export function systemReason(error: unknown): string | undefined {
  return systemFault(error)?.reason;
}

/** One sentence for a system error that nothing closer has explained; undefined for an error that is not the system's. */
export function systemSentence(error: unknown): string | undefined {
  const fault = systemFault(error);
  if (fault === undefined) return undefined;
  const { path, dest } = error as { readonly path?: unknown; readonly dest?: unknown };
  const where = [dest, path].find((value): value is string => typeof value === 'string');
  return `${where === undefined ? '' : `${where}: `}${fault.reason}; ${fault.advice}`;
}

/** The meaning of a system error; undefined for an error that is not the system's. */
export function systemFault(error: unknown): SystemFault | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (error.code === 'ERR_INVALID_ARG_VALUE') return error.message.includes('null bytes') ? nulInPath : undefined;
  return Object.hasOwn(faults, error.code) ? faults[error.code] : undefined;
}

/** True for a system error with this code (ENOENT …). */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
