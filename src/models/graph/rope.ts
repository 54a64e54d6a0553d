/** Tables of rotary position embedding (Su et al., 2021), with Llama 3's scaling of low frequencies. */
import type { Tensors } from '../../engine/engine.js';
import type { ModelConfig, RopeScaling } from '../model.js';
import { input, inputTensors } from './inputs.js';

type RopeConfig = Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>;

/** Inputs that hold the tables, for P positions. */
export const ropeInputs = ({ headDim }: RopeConfig) => ({
  cos: input('float32', 'P', headDim / 2),
  sin: input('float32', 'P', headDim / 2),
});

function scaled(frequency: number, scaling: RopeScaling): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalMaxPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalMaxPositions / highFrequencyFactor) return frequency;
  if (wavelength > originalMaxPositions / lowFrequencyFactor) return frequency / factor;
  const smooth = (originalMaxPositions / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return (1 - smooth) * (frequency / factor) + smooth * frequency;
}

/** cos and sin of every position and frequency, each [positions, headDim / 2], row-major. */
export function ropeTables(config: RopeConfig, positions: number): { cos: Float32Array; sin: Float32Array } {
  const half = config.headDim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => {
    const plain = 1 / config.ropeTheta ** ((2 * i) / config.headDim);
    return config.ropeScaling ? scaled(plain, config.ropeScaling) : plain;
  });
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(p * (frequencies[i] ?? 0));
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** The tables as tensors. */
export function ropeTensors(config: RopeConfig, positions: number): Tensors {
  return inputTensors(ropeInputs(config), { P: positions }, ropeTables(config, positions));
}
