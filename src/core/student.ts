/** Student's t: its probabilities and quantiles for any degrees of freedom, whole or not. */
import { gammaln } from 'simple-statistics';
import { UserError } from './errors.js';

/** Chance that Student's t exceeds `t` in size, on both sides together. `freedom`: above 0, whole or not. */
export function studentTails(freedom: number, t: number): number {
  return regularizedBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The quantile of Student's t at 0 < p < 1, to ten digits, by halving. Throws UserError on a p or freedom without one. */
export function studentQuantile(freedom: number, p: number): number {
  if (!(p > 0 && p < 1)) throw new UserError(`invalid probability ${p}: use a number between 0 and 1, e.g. 0.975`);
  if (!(freedom > 0)) throw new UserError(`invalid degrees of freedom ${freedom}: use a number above 0`);
  const tails = 2 * Math.min(p, 1 - p);
  let high = 1;
  while (studentTails(freedom, high) > tails) high *= 2;
  let low = 0;
  while (high - low > 1e-11 * high) {
    const middle = (low + high) / 2;
    if (studentTails(freedom, middle) > tails) low = middle;
    else high = middle;
  }
  return Math.sign(p - 0.5) * high;
}

/** I_x(a, b), by its continued fraction where that converges fast (Abramowitz and Stegun 26.5.8). */
function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x));
  if (x > (a + 1) / (a + b + 2)) return 1 - (front * betaFraction(1 - x, b, a)) / b;
  return (front * betaFraction(x, a, b)) / a;
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / awayFromZero(1 + term * d);
      c = awayFromZero(1 + term / c);
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return fraction;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}
