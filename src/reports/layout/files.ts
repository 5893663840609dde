/** A file of a report, by its name below the output folder, parts separated by `/`. */
export interface ReportFile {
  readonly name: string;
  readonly data: string | Uint8Array;
}
