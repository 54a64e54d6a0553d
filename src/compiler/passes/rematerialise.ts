/** Pass: values of the forward half that the backward half needs are computed again there, so that they need not be kept. */
import { Builder } from '../builder.js';
import { at, isOp, type Graph, type Node, type Value } from '../ir.js';

export interface Rematerialisation {
  /** Nodes of the graph that belong to the forward half: the first so many. */
  readonly forwardNodes: number;
  /** Which values of the forward half are computed again; all others are kept. */
  readonly again: (value: Value) => boolean;
}

/** State of the walk over the backward half. */
class Recomputation {
  readonly #producers = new Map<number, Node>();
  /** Values computed again, and kept ones held back behind the signal of their segment. */
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
    return this.#producers.has(value.id) && this.plan.again(value);
  }

  /** The value computed again, no earlier than `signal` is there. */
  value(old: Value, signal: Value): Value {
    const made = this.#made.get(old.id);
    if (made) return made;
    const node = this.#producers.get(old.id);
    if (!node) throw new Error(`value ${old.id} is not of the forward half`);
    const again = node.inputs.map((each) => this.replaces(each));
    const inputs = node.inputs.map((each, i) =>
      again[i] ? this.value(each, signal) : this.#kept(each, signal, i === 0 && !again.some(Boolean)),
    );
    const outputs = this.b.apply(node.op, inputs, node.attributes);
    node.outputs.forEach((output, i) => this.#made.set(output.id, at(outputs, i)));
    return at(
      outputs,
      node.outputs.findIndex((each) => each.id === old.id),
    );
  }

  /** A kept value; where a recomputation starts from it, it waits for the signal. */
  #kept(old: Value, signal: Value, waits: boolean): Value {
    const now = this.current(old);
    return waits && now.shape.length > 0 ? this.b.op('After', [now, signal], {}) : now;
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
    const own = node.inputs.find((each) => backward.has(each.id) && each.shape.length > 0);
    const signal = own ? current(own) : latest;
    const inputs = node.inputs.map((each) =>
      isBackward && signal && recomputation.replaces(each) ? recomputation.value(each, signal) : current(each),
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
