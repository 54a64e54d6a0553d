/** Pass: values of the forward half that the backward half needs are computed again there, so that they need not be kept. */
import { Builder } from '../builder.js';
import { at, isOp, type Graph, type Node, type Value } from '../ir.js';

/** What is recomputed. */
export interface Rematerialisation {
  /** Nodes of the graph that belong to the forward half: the first so many. */
  readonly forwardNodes: number;
  /** Which values of the forward half are computed again; all others are kept. */
  readonly isRecomputed: (value: Value) => boolean;
}

/** State of the walk over the backward half. */
class Recomputation {
  readonly #producers = new Map<number, Node>();
  /** Values computed again. */
  readonly #made = new Map<number, Value>();

  constructor(
    readonly b: Builder,
    readonly plan: Rematerialisation,
    forward: readonly Node[],
    readonly current: (value: Value) => Value,
  ) {
    for (const node of forward) for (const output of node.outputs) this.#producers.set(output.id, node);
  }

  /** Whether the backward half gets a value by computing it again. */
  replaces(value: Value): boolean {
    return this.#producers.has(value.id) && this.plan.isRecomputed(value);
  }

  /** The value computed again, no earlier than `dependency` is there. */
  value(old: Value, dependency: Value): Value {
    const made = this.#made.get(old.id);
    if (made) return made;
    const node = this.#producers.get(old.id);
    if (!node) throw new Error(`value ${old.id} is not of the forward half`);
    const startsFromKept = !node.inputs.some((each) => this.replaces(each));
    const inputs = node.inputs.map((each, i) => {
      if (this.replaces(each)) return this.value(each, dependency);
      return i === 0 && startsFromKept ? this.#waiting(each, dependency) : this.current(each);
    });
    const outputs = this.b.apply(node.op, inputs, node.attributes);
    node.outputs.forEach((output, i) => this.#made.set(output.id, at(outputs, i)));
    return at(
      outputs,
      node.outputs.findIndex((each) => each.id === old.id),
    );
  }

  /** A kept value that a recomputation starts from: it is there no earlier than the dependency. */
  #waiting(old: Value, dependency: Value): Value {
    const now = this.current(old);
    return now.shape.length > 0 ? this.b.op('After', [now, dependency], {}) : now;
  }
}

/** Rebuilds the graph so; a graph whose backward half needs nothing that is computed again stays as it is. */
export function rematerialise(graph: Graph, plan: Rematerialisation): Graph {
  const b = new Builder({ shared: false });
  const now = new Map<number, Value>(
    graph.inputs.map((each) => [each.id, b.input(each.name ?? `input${each.id}`, each.type, each.shape)]),
  );
  const current = (value: Value): Value => now.get(value.id) ?? value;
  const recomputation = new Recomputation(b, plan, graph.nodes.slice(0, plan.forwardNodes), current);
  const backward = new Set<number>();
  let latest: Value | undefined;
  graph.nodes.forEach((node, i) => {
    const isBackward = i >= plan.forwardNodes;
    // What is recomputed for a node waits for a gradient that this takes, or for the latest there is.
    const own = node.inputs.find((each) => backward.has(each.id) && each.shape.length > 0);
    const dependency = own ? current(own) : latest;
    const inputs = node.inputs.map((each) =>
      isBackward && dependency && recomputation.replaces(each) ? recomputation.value(each, dependency) : current(each),
    );
    const outputs = b.apply(node.op, inputs, node.attributes);
    node.outputs.forEach((output, k) => {
      now.set(output.id, at(outputs, k));
      if (isBackward && !isOp(node, 'Constant')) backward.add(output.id);
    });
    if (isBackward && !isOp(node, 'Constant') && at(outputs, 0).shape.length > 0) latest = at(outputs, 0);
  });
  return b.finish(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, current(value)])));
}
