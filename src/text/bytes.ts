/** Amounts of bytes as people say them. */

/** `0 bytes`, `812 bytes`, `4.1 kB`, `3.0 MB`, `2.5 GB`: powers of 1,000. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${['', 'kB', 'MB', 'GB'][power]}`;
}
