/** A browser and its system in two words, for its owner to know it again; never for telling people apart. */

// In this order: most browsers also claim to be the ones below them.
const browsers: readonly (readonly [string, RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|Opera)\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
]
const systems: readonly (readonly [string, RegExp])[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b|\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
]

/** Such as `Firefox, Windows`; the first word of what no browser says; `null` for nothing. */
export function deviceName(userAgent: string): string | null {
  const named = [browsers, systems].map((kind) => kind.find(([, pattern]) => pattern.test(userAgent))?.[0])
  const known = named.filter((name) => name !== undefined)
  if (known.length > 0) return known.join(', ')
  const [word = ''] = userAgent.trim().split(/[\s/]/)
  return word === '' ? null : word.slice(0, 40)
}
