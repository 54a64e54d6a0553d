/** AdamW (Loshchilov and Hutter, 2019) over named f32 tensors, in PyTorch's order of operations. */

/** AdamW's own settings, as PyTorch names them. */
export interface AdamWSettings {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** First and second moments of one parameter. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** The optimiser, with the moments of every parameter that it has updated. */
export class AdamW {
  readonly moments = new Map<string, Moments>();
  /** Steps taken. */
  steps = 0;

  constructor(readonly settings: AdamWSettings) {}

  /** One step: every parameter is changed in place by its gradient; `decays` says which ones weight decay applies to (default: all). */
  step(
    parameters: ReadonlyMap<string, Float32Array>,
    gradients: ReadonlyMap<string, Float32Array>,
    learningRate: number,
    decays: (name: string) => boolean = () => true,
  ): void {
    this.steps++;
    for (const [name, parameter] of parameters) {
      const gradient = gradients.get(name);
      if (!gradient) throw new Error(`no gradient for "${name}"`);
      const decay = decays(name) ? this.settings.weightDecay : 0;
      this.#update(parameter, gradient, this.#momentsOf(name, parameter.length), { learningRate, decay });
    }
  }

  #momentsOf(name: string, length: number): Moments {
    const known = this.moments.get(name) ?? { first: new Float32Array(length), second: new Float32Array(length) };
    this.moments.set(name, known);
    return known;
  }

  #update(
    parameter: Float32Array,
    gradient: Float32Array,
    { first, second }: Moments,
    { learningRate, decay }: { readonly learningRate: number; readonly decay: number },
  ): void {
    const [beta1, beta2] = this.settings.betas;
    const { epsilon } = this.settings;
    const stepSize = learningRate / (1 - beta1 ** this.steps);
    const correction = Math.sqrt(1 - beta2 ** this.steps);
    const keep = 1 - learningRate * decay;
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i] as number;
      const m = (first[i] as number) + (g - (first[i] as number)) * (1 - beta1);
      const v = (second[i] as number) * beta2 + g * g * (1 - beta2);
      first[i] = m;
      second[i] = v;
      parameter[i] = (parameter[i] as number) * keep - (stepSize * m) / (Math.sqrt(v) / correction + epsilon);
    }
  }
}

/** Euclidean norm over all gradients. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let total = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) total += (gradient[i] as number) ** 2;
  return Math.sqrt(total);
}

/** Scales gradients in place so that their global norm is at most `limit`, as PyTorch's clip_grad_norm_ does; returns the norm before. */
export function clipByNorm(gradients: ReadonlyMap<string, Float32Array>, limit: number): number {
  const norm = globalNorm(gradients.values());
  if (limit <= 0 || norm <= limit) return norm;
  const factor = limit / (norm + 1e-6);
  for (const gradient of gradients.values())
    for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] as number) * factor;
  return norm;
}
