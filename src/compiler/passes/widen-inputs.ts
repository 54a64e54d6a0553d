/** Pass: unsigned integers of few bits come in as 32, for devices whose kernels read no smaller ones. */
import type { Builder } from '../builder.js';
import { at, isOp, type DataType, type Graph, type Value } from '../ir.js';
import { pruneUnused } from './prune.js';
import { rebuild } from './rebuild.js';

const SMALL: readonly DataType[] = ['uint8', 'uint16'];

/** What an input of a type comes in as. */
export const widened = (type: DataType): DataType => (SMALL.includes(type) ? 'int32' : type);

/** What an input came in as, and what it is there no earlier than. */
interface Wide {
  readonly input: Value;
  readonly after?: Value;
}

/** Operands of which the first of floats waits in place of integers: ONNX Runtime gives the processor what is done to integers with a shape that is computed. */
function floatWaits(b: Builder, inputs: readonly Value[], after: Value): readonly Value[] | undefined {
  const float = inputs.find(({ type, shape }) => type === 'float32' && shape.length > 0);
  if (!float) return undefined;
  const waiting = b.op('After', [float, after], {});
  return inputs.map((each) => (each === float ? waiting : each));
}

/** A graph whose inputs are of no unsigned integers below 32 bits. */
export function widenInputs(graph: Graph): Graph {
  /** By the values that stand for them, which are dropped where only what is put in their place was asked for. */
  const wide = new Map<number, Wide>();
  const standing = (value: Value, what: Wide): Value => {
    wide.set(value.id, what);
    return value;
  };
  const inputOf = (value: Value): Value => {
    const input = wide.get(value.id)?.input;
    return input?.type === value.type ? input : value;
  };
  const rebuilt = rebuild(
    graph,
    (b, node, inputs) => {
      const first = wide.get(inputs[0]?.id ?? -1);
      if (first && isOp(node, 'After'))
        return [standing(b.op('After', inputs, {}), { ...first, after: at(inputs, 1) })];
      if (first && isOp(node, 'Cast')) {
        const { input, after } = first;
        if (node.attributes.to !== input.type) return [b.op('Cast', [input], node.attributes)];
        return [after ? standing(b.op('After', [input, after], {}), first) : input];
      }
      const after = inputs.map(({ id }) => wide.get(id)?.after).find((each) => each !== undefined);
      const waiting = after && floatWaits(b, inputs, after);
      return waiting && b.apply(node.op, waiting.map(inputOf), node.attributes);
    },
    (b, { name, type, shape }) => {
      const input = b.input(name, widened(type), shape);
      return input.type === type ? input : standing(b.op('Cast', [input], { to: type }), { input });
    },
  );
  return pruneUnused(rebuilt);
}
