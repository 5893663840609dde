/**
 * Where a store's files are: a folder that all machines see, or a bucket. A file is there whole or not at all, whoever
 * writes it how often at the same time. Names are paths below the backend, with `/`.
 *
 * Every method throws an InputError, of one sentence, for what is wrong with the backend: permissions, a full disk, a server
 * that does not answer.
 */
export interface StoreBackend {
  /** As messages name it: the folder's path, or s3://BUCKET/PREFIX. */
  readonly address: string;
  /** Makes the backend if it can be made, and sees that files can be written, read and deleted there. */
  requireUsable(): Promise<void>;
  /**
   * A file's beginning, up to so many bytes; undefined where there is no such file.
   * @param memory where the bytes may be put if it is large enough
   */
  read(name: string, mostBytes: number, memory?: ArrayBuffer): Promise<StoredFile | undefined>;
  /** Writes a file, in place of one that is there. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes a file unless there is one; of several writers at the same time, one wins. */
  create(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file, if there is one. */
  remove(name: string): Promise<void>;
}

export interface BackendOptions {
  /** Called once for each kind of failure that is retried. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Ends the waiting for a server that is away, with an InterruptedError. */
  readonly signal?: AbortSignal | undefined;
}

export interface StoredFile {
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** What was read; fewer bytes than there should be where the file became shorter meanwhile. Nothing else uses this memory. */
  readonly bytes: Buffer<ArrayBuffer>;
}
