/** A setting as it is recorded; every one that can change a score is in a system's `settings`. */
export type Setting = string | number | boolean | null;

/** Settings by name: recorded with a system, and hashed into the keys of what is stored for it. */
export type Settings = Readonly<Record<string, Setting>>;
