/** The one place where keys are masked: everything said to people or kept on disk about a request passes here. */

const MASK = '[key]';

/** Variables of the environment that hold keys. */
export const KEY_VARIABLES = [
  'LIGHTMEM_API_KEY',
  'OPENAI_API_KEY',
  'DASHSCOPE_API_KEY',
  'HF_TOKEN',
  'MLFLOW_TRACKING_TOKEN',
  'MLFLOW_TRACKING_PASSWORD',
] as const;

/** Forms in which credentials stand in text, whatever their value. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${MASK}`],
  [
    /((?:proxy-)?authorization|x-api-key|api-key|api_key|apikey|set-cookie|cookie)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
    `$1$2${MASK}`,
  ],
  [/\bsk-[\w-]{6,}/g, MASK],
  [/\/\/[^/\s:@]+:[^/\s@]+@/g, `//${MASK}@`],
  [/([?&](?:key|api[-_]?key|token|access_token)=)[^&\s"']+/gi, `$1${MASK}`],
];

/** Masks the given secrets wherever they stand, then everything that has the form of a credential. */
export function redactor(secrets: readonly (string | undefined)[]): (text: string) => string {
  const known = secrets
    .filter((secret): secret is string => secret !== undefined && secret.length >= 4)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  return (text) => {
    const masked = known.reduce((current, secret) => current.replaceAll(secret, MASK), text);
    return PATTERNS.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), masked);
  };
}
