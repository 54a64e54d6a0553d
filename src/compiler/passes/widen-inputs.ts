/** Pass: unsigned integers of few bits come in as 32, for devices whose kernels read no smaller ones. */
import { ShapeError } from '../../core/errors.js';
import { Builder } from '../builder.js';
import { at, isOp, type DataType, type Graph, type Node, type Value } from '../ir.js';

const SMALL: readonly DataType[] = ['uint8', 'uint16'];

/** What an input of a type comes in as. */
export const widened = (type: DataType): DataType => (SMALL.includes(type) ? 'int32' : type);

/** A value in 32 bits, and what it is there no earlier than. */
interface Wide {
  readonly value: Value;
  readonly after?: Value;
}

class Widening {
  readonly b = new Builder({ shared: false });
  readonly #now = new Map<number, Value>();
  readonly #wide = new Map<number, Wide>();

  constructor(readonly graph: Graph) {}

  run(): Graph {
    for (const { id, name = `input${id}`, type, shape } of this.graph.inputs) {
      const value = this.b.input(name, widened(type), shape);
      if (value.type === type) this.#now.set(id, value);
      else this.#wide.set(id, { value });
    }
    for (const node of this.graph.nodes) if (!this.#staysWide(node)) this.#add(node);
    return this.b.finish(Object.fromEntries(this.graph.outputs.map(({ name, value }) => [name, this.#current(value)])));
  }

  /** Whether a node does no more than wait, or ask for what its operand is already. */
  #staysWide(node: Node): boolean {
    const wide = this.#wide.get(node.inputs[0]?.id ?? -1);
    const isCast = isOp(node, 'Cast') && node.attributes.to === wide?.value.type;
    if (!wide || !(isCast || isOp(node, 'After'))) return false;
    const after = isCast ? wide.after : this.#current(at(node.inputs, 1));
    this.#wide.set(at(node.outputs, 0).id, { value: wide.value, ...(after && { after }) });
    return true;
  }

  #add(node: Node): void {
    const waits = this.#floatThatWaits(node);
    const inputs = node.inputs.map((each) => (waits?.id === each.id ? waits.value : this.#current(each)));
    this.b.apply(node.op, inputs, node.attributes).forEach((made, i) => this.#now.set(at(node.outputs, i).id, made));
  }

  /**
   * A node's operand of floats, made to wait in place of its integers: ONNX Runtime gives the processor what is done to integers with a
   * shape that is computed.
   */
  #floatThatWaits({ inputs }: Node): { readonly id: number; readonly value: Value } | undefined {
    const after = inputs.map(({ id }) => this.#wide.get(id)?.after).find((each) => each !== undefined);
    const float = inputs.find(({ type, shape }) => type === 'float32' && shape.length > 0);
    if (!after || !float) return undefined;
    return { id: float.id, value: this.b.op('After', [this.#current(float), after], {}) };
  }

  #current(value: Value): Value {
    const [now, wide] = [this.#now.get(value.id), this.#wide.get(value.id)];
    const found = now ?? wide?.value;
    if (!found) throw new ShapeError(`value ${value.id} is used before it is made`);
    return found.type === value.type ? found : this.b.op('Cast', [found], { to: value.type });
  }
}

/** A graph whose inputs are of no unsigned integers below 32 bits. */
export const widenInputs = (graph: Graph): Graph => new Widening(graph).run();
