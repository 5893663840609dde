/** The value of a recorded setting; every setting that can change a score is in a system's `settings`. */
export type Setting = string | number | boolean | null;

/** Settings by name, for records and the keys of stored shards. */
export type Settings = Readonly<Record<string, Setting>>;
