import { afterAll, describe, expect, it } from 'vitest';
import { Builder } from '../../src/compiler/builder.js';
import { float32 } from '../../src/engine/engine.js';
import { laneEngine } from '../../src/engine/lanes.js';
import { engineSuite } from './engine-suite.js';

const lanes = laneEngine({ lanes: 2 });
afterAll(() => lanes.close());

engineSuite('two lanes', () => lanes, { tolerance: 1e-5, repeatable: true });

/** A power of x, long enough that runs overlap. */
function powers(): ReturnType<Builder['finish']> {
  const b = new Builder();
  const x = b.input('x', 'float32', [256, 256]);
  let y = x;
  for (let i = 0; i < 40; i++) y = b.scale(b.matmul(y, x), 1 / 16);
  return b.finish({ y });
}

describe('lanes', () => {
  it('run side by side, each result its own run’s', async () => {
    const program = await lanes.compile(powers());
    const inputs = [1, 2, 3, 4, 5].map((seed) =>
      float32(
        [256, 256],
        Float32Array.from({ length: 65536 }, (_, i) => Math.sin(i * seed)),
      ),
    );
    const together = await Promise.all(inputs.map((x) => program.run({ x })));
    for (const [i, x] of inputs.entries()) expect(together[i]).toEqual(await program.run({ x }));
    expect(together[0]).not.toEqual(together[1]);
    await program.dispose();
  });

  it('say that they were closed to whoever waits, and to whoever comes', async () => {
    const closed = laneEngine({ lanes: 2 });
    const program = await closed.compile(powers());
    const x = float32([256, 256]);
    const waiting = program.run({ x });
    const refused = expect(waiting).rejects.toThrow('the engine was closed');
    await closed.close();
    await refused;
    await expect(program.run({ x })).rejects.toThrow('the engine was closed');
  });
});
