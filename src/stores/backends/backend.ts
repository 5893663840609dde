/**
 * The place of a store's files: a folder, which all machines of a run can access, or a bucket. Readers see a file complete or
 * not at all, also while several processes write it. Names are relative paths with `/`.
 *
 * Every method throws an InputError if the backend cannot be used: missing permissions, a full disk, a server that does not
 * respond.
 */
export interface StoreBackend {
  /** The folder's path, or s3://BUCKET/PREFIX; for messages. */
  readonly address: string;
  /** Creates the folder if it is missing, and checks that files can be written, read and deleted. */
  requireUsable(): Promise<void>;
  /**
   * Reads at most the first `maxBytes` bytes of a file; undefined if the file does not exist.
   * @param memory reused for the bytes if it is large enough
   */
  read(name: string, maxBytes: number, memory?: ArrayBuffer): Promise<StoredFile | undefined>;
  /** Writes a file; replaces an existing one. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Writes a file unless it exists. If several processes do so at the same time, one of them succeeds. */
  create(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file, if it exists. */
  remove(name: string): Promise<void>;
}

export interface BackendOptions {
  /** Called once for each kind of failure that is retried. */
  readonly onNote?: ((message: string) => void) | undefined;
  /** Stops retries with an InterruptedError. */
  readonly signal?: AbortSignal | undefined;
}

export interface StoredFile {
  /** Size of the whole file in bytes. */
  readonly size: number;
  /** The bytes that were read; fewer than requested if the file was truncated meanwhile. Nothing else uses this memory. */
  readonly bytes: Buffer<ArrayBuffer>;
}
