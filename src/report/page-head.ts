/** The head of a page that needs nothing else, and what it may do: nothing but what it brings. */
import { createHash } from 'node:crypto';
import { html, trusted, type Html } from './html.js';
import { pageStyle } from './style.js';

/** Nothing may load, connect or be sent; only the page's own style and script may run, known by their hashes. */
export function pageHead(title: string, script?: string): Html {
  const style = pageStyle();
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="referrer" content="no-referrer" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    ${inline('style', style)}
  </head>`;
}

/** An element whose text is exactly what was hashed: a blank more, and the browser refuses it. */
export function inline(tag: 'style' | 'script', text: string): Html {
  return trusted(`<${tag}>${text}</${tag}>`);
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
