/** A file of a report; its name is a path in the output folder, with `/` as the separator. */
export interface ReportFile {
  readonly name: string;
  readonly data: string | Uint8Array;
}
