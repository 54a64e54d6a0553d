/** Decimal numbers as text, so that no digit of a long one is lost: in one spelling, and times powers of ten. */

/** `1,234.50`, `1.234,5`, `1 234.5`, `1'234.5` → 1234.5; zeros in front stay, for `007` is no 7. */
export function decimal(raw: string): string {
  const [whole, fraction] = halves(raw);
  const digits = whole.replace(/[^\d]/g, '') || '0';
  const rest = fraction.replace(/0+$/, '');
  return rest === '' ? digits : `${digits}.${rest}`;
}

/** What stands before and behind the decimal sign. */
function halves(raw: string): [whole: string, fraction: string] {
  const comma = /^(?:\d{1,3}(?:[. \u00a0']\d{3})+|\d+),(\d+)$/.exec(raw);
  if (comma !== null && !/^\d{1,3}(?:,\d{3})+$/.test(raw))
    return [raw.slice(0, -(comma[1] ?? '').length - 1), comma[1] ?? ''];
  const point = raw.lastIndexOf('.');
  return point < 0 ? [raw, ''] : [raw.slice(0, point), raw.slice(point + 1)];
}

/** A decimal number times 10 to the power. */
export function timesTenTo(number: string, power: number): string {
  const sign = number.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = number.slice(sign.length).split('.');
  const digits = fraction.padEnd(power, '0');
  const shifted = `${whole}${digits.slice(0, power)}`.replace(/^0+(?=\d)/, '');
  const rest = digits.slice(power).replace(/0+$/, '');
  return sign + (rest === '' ? shifted : `${shifted}.${rest}`);
}
