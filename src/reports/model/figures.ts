/** The figures of a report as plain values; charts/ draws them. */
export type Figure = SizeFigure | HeatFigure | DepthFigure | DifferenceFigure;

interface FigureBase {
  readonly id: string;
  readonly label: string;
  readonly measure: string;
}

/** Score by number of parameters, for one row or average. */
export interface SizeFigure extends FigureBase {
  readonly kind: 'sizes';
  /** One line per family, points by size. */
  readonly lines: readonly SizeLine[];
  /** Systems without a size (BM25, the oracle), drawn as level lines. */
  readonly levels: readonly { readonly label: string; readonly runner: string; readonly value: number }[];
  /** Published systems with a known size. */
  readonly published: readonly SizePoint[];
}

export interface SizeLine {
  readonly family: string;
  readonly runner: string;
  readonly points: readonly SizePoint[];
}

export interface SizePoint {
  readonly label: string;
  readonly parameters: number;
  readonly value: number;
}

/** Scores of one model by layer (horizontal) and pooling (vertical). */
export interface HeatFigure extends FigureBase {
  readonly kind: 'heat';
  readonly layers: readonly number[];
  readonly poolings: readonly string[];
  /** `values[pooling][layer]`; null for a combination that was not run. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Score by re-ranking depth. */
export interface DepthFigure extends FigureBase {
  readonly kind: 'depth';
  readonly depths: readonly number[];
  readonly lines: readonly {
    readonly label: string;
    readonly ceiling: boolean;
    /** One value per depth; null if unknown. */
    readonly values: readonly (number | null)[];
  }[];
}

/** Paired differences to a reference with confidence intervals. */
export interface DifferenceFigure extends FigureBase {
  readonly kind: 'differences';
  readonly reference: string;
  readonly systems: readonly {
    readonly label: string;
    readonly difference: number;
    readonly low: number;
    readonly high: number;
  }[];
}
