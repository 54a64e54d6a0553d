import { describe, expect, it } from 'vitest';
import {
  messageOf,
  RunConflictError,
  ShapeError,
  UnsupportedOpError,
  UserError,
  UserErrors,
} from '../../src/core/errors.js';

describe('errors', () => {
  it('tell several problems at once, as a user’s mistake', () => {
    const error = new UserErrors('study.yaml:', ['rank: is missing', 'seed: is no number']);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe('study.yaml:\n  - rank: is missing\n  - seed: is no number');
    expect(error.problems).toHaveLength(2);
  });

  it('carry their class as their name, by which a worker’s parent tells them', () => {
    const errors = [
      new UserError('x'),
      new UserErrors('x', []),
      new ShapeError('x'),
      new UnsupportedOpError('x'),
      new RunConflictError('x'),
    ];
    for (const error of errors) expect(error.name).toBe(error.constructor.name);
  });

  it('keep the cause that they are given', () => {
    expect(new UserError('x', { cause: 'ENOSPC' }).cause).toBe('ENOSPC');
  });

  it('are told in words, whatever was thrown', () => {
    expect([new RangeError('too far'), 'text', 4, undefined, null].map(messageOf)).toEqual([
      'too far',
      'text',
      '4',
      'undefined',
      'null',
    ]);
  });
});
