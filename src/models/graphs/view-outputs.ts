import type { ModuleNodes } from '../pooling/module-nodes.js';
import type { PoolingNodes } from '../pooling/pooling-nodes.js';
import type { PooledView } from '../pooling/poolings.js';
import type { ModuleView } from '../pooling/sentence-modules.js';

/** A view of a bi-encoder's graph: pooled hidden states, or the result of the model's own modules. */
export type EncoderView = PooledView | ModuleView;

/** Declares one graph output [texts, size] per view, named and ordered like the views. */
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
