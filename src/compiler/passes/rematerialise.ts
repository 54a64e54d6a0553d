/** Pass: values of the forward half that the backward half needs are computed again there, or kept in half precision, so that less is kept. */
import { Builder } from '../builder.js';
import { at, isOp, type Graph, type Node, type Value } from '../ir.js';

/** What is recomputed. */
export interface Rematerialisation {
  /** Nodes of the graph that belong to the forward half: the first so many. */
  readonly forwardNodes: number;
  /** Which values of the forward half are computed again; all others are kept. */
  readonly isRecomputed: (value: Value) => boolean;
  /**
   * Which of those kept, of f32, are kept in half precision, whose largest number is 65,504, and what they are divided by for it, a power of
   * two; the forward half reads them as they are. Default none.
   */
  readonly halved?: (value: Value) => number | undefined;
}

/** State of the walk over the backward half. */
class Recomputation {
  readonly #producers = new Map<number, Node>();
  /** Values computed again, or brought back from half precision. */
  readonly #made = new Map<number, Value>();
  /** What is kept in half precision of values, by the values' ids in the graph as it was. */
  readonly #halves = new Map<number, { readonly value: Value; readonly divisor: number }>();
  /** Values of the forward half that the backward half reads, or makes others of. */
  readonly #kept = new Set<number>();

  constructor(
    readonly b: Builder,
    readonly plan: Rematerialisation,
    nodes: readonly Node[],
    readonly current: (value: Value) => Value,
  ) {
    for (const node of nodes.slice(0, plan.forwardNodes))
      for (const output of node.outputs) this.#producers.set(output.id, node);
    for (const node of nodes.slice(plan.forwardNodes)) for (const each of node.inputs) this.#note(each);
  }

  /** Notes what is kept for the backward half to have a value. */
  #note(value: Value): void {
    const producer = this.#producers.get(value.id);
    if (!producer || this.#kept.has(value.id)) return;
    this.#kept.add(value.id);
    if (this.replaces(value)) for (const each of producer.inputs) this.#note(each);
  }

  /** Whether the backward half gets a value by computing it again. */
  replaces(value: Value): boolean {
    return this.#producers.has(value.id) && this.plan.isRecomputed(value);
  }

  /** A value of the forward half as that goes on with it: where half of it is kept, once that is made, so that the whole need not wait for it. */
  forward(old: Value, made: Value): Value {
    const divisor = this.plan.halved?.(old);
    if (divisor === undefined || !this.#kept.has(old.id) || this.replaces(old)) return made;
    const value = this.b.op('Cast', [this.#times(made, 1 / divisor)], { to: 'float16' });
    this.#halves.set(old.id, { value, divisor });
    return this.b.op('After', [made, value], {});
  }

  #times(x: Value, factor: number): Value {
    return factor === 1 ? x : this.b.scale(x, factor);
  }

  /** A value as the backward half reads it. */
  read(old: Value, dependency: Value | undefined): Value {
    if (dependency && this.replaces(old)) return this.value(old, dependency);
    const half = this.#halves.get(old.id);
    if (!half) return this.current(old);
    const known = this.#made.get(old.id);
    if (known) return known;
    const waiting = dependency ? this.b.op('After', [half.value, dependency], {}) : half.value;
    const made = this.#times(this.b.op('Cast', [waiting], { to: 'float32' }), half.divisor);
    this.#made.set(old.id, made);
    return made;
  }

  /** The value computed again, no earlier than `dependency` is there. */
  value(old: Value, dependency: Value): Value {
    const made = this.#made.get(old.id);
    if (made) return made;
    const node = this.#producers.get(old.id);
    if (!node) throw new Error(`value ${old.id} is not of the forward half`);
    const startsFromKept = !node.inputs.some((each) => this.replaces(each));
    const inputs = node.inputs.map((each, i) =>
      i === 0 && startsFromKept && !this.#halves.has(each.id)
        ? this.#waiting(each, dependency)
        : this.read(each, dependency),
    );
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

/** Rebuilds the graph so; a graph whose backward half needs nothing that is computed again or halved stays as it is. */
export function rematerialise(graph: Graph, plan: Rematerialisation): Graph {
  const b = new Builder({ shared: false });
  const now = new Map<number, Value>(
    graph.inputs.map((each) => [each.id, b.input(each.name ?? `input${each.id}`, each.type, each.shape)]),
  );
  const current = (value: Value): Value => now.get(value.id) ?? value;
  const recomputation = new Recomputation(b, plan, graph.nodes, current);
  const backward = new Set<number>();
  let latest: Value | undefined;
  graph.nodes.forEach((node, i) => {
    const isBackward = i >= plan.forwardNodes;
    // What is recomputed for a node waits for a gradient that this takes, or for the latest there is.
    const own = node.inputs.find((each) => backward.has(each.id) && each.shape.length > 0);
    const dependency = own ? current(own) : latest;
    const inputs = node.inputs.map((each) => (isBackward ? recomputation.read(each, dependency) : current(each)));
    const outputs = b.apply(node.op, inputs, node.attributes);
    node.outputs.forEach((output, k) => {
      const made = at(outputs, k);
      now.set(output.id, isBackward ? made : recomputation.forward(output, made));
      if (isBackward && !isOp(node, 'Constant')) backward.add(output.id);
    });
    if (isBackward && !isOp(node, 'Constant') && at(outputs, 0).shape.length > 0) latest = at(outputs, 0);
  });
  return b.finish(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, current(value)])));
}
