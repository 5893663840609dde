import type { ModuleNodes } from '../pooling/module-nodes.js';
import type { PoolingNodes } from '../pooling/pooling-nodes.js';
import type { PooledView } from '../pooling/poolings.js';
import type { ModuleView } from '../pooling/sentence-modules.js';

/** A vector that a graph yields: hidden states pooled, or what the model's own modules make of them. */
export type EncoderView = PooledView | ModuleView;

/** Makes each view an output of the graph [texts, size], named and ordered as the views are. */
export function outputViews(
  views: readonly EncoderView[],
  { pooling, modules }: { readonly pooling: PoolingNodes; readonly modules: ModuleNodes },
): void {
  const { graph, rows } = pooling.texts;
  for (const view of views) {
    const vector = 'modules' in view ? modules.view(view) : pooling.view(view);
    graph.output(view.name, vector, [rows, view.dimensions]);
  }
}
