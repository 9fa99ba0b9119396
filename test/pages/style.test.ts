import { describe, expect, it } from 'vitest'
import { style } from '../../src/pages/style.ts'

type Palette = Readonly<Record<string, string>>

function palettes(): { light: Palette; dark: Palette } {
  const [light = '', dark = ''] = [...String(style).matchAll(/:root \{([^}]*)\}/g)].map(([, block]) => block)
  const read = (block: string): Palette =>
    Object.fromEntries(
      [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
    )
  return { light: read(light), dark: read(dark) }
}

// WCAG 2.2, relative luminance and contrast ratio.
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string | undefined, other: string | undefined): number {
  const [light = 0, dark = 0] = [luminance(one ?? ''), luminance(other ?? '')].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const text: readonly (readonly [string, string])[] = [
  ['ink', 'card'],
  ['ink', 'ground'],
  ['ink', 'field'],
  ['soft', 'card'],
  ['soft', 'ground'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-over'],
  ['bad', 'bad-ground'],
  ['note', 'note-ground'],
]
// Edges of controls and the focus ring (WCAG 1.4.11, 2.4.13).
const edges: readonly (readonly [string, string])[] = [
  ['line', 'card'],
  ['line', 'field'],
  ['accent', 'card'],
  ['accent', 'ground'],
  ['bad', 'card'],
  ['bad', 'field'],
]

describe('style', () => {
  it('has both palettes whole', () => {
    const { light, dark } = palettes()
    expect(Object.keys(light).length).toBeGreaterThanOrEqual(16)
    expect(Object.keys(dark)).toEqual(Object.keys(light))
  })

  it('reaches AA for every text, in light and in dark', () => {
    for (const palette of Object.values(palettes())) {
      for (const [one, other] of text) {
        expect(contrast(palette[one], palette[other]), `${one} on ${other}`).toBeGreaterThanOrEqual(4.5)
      }
    }
  })

  it('reaches 3:1 for every edge that one must see to use the page', () => {
    for (const palette of Object.values(palettes())) {
      for (const [one, other] of edges) {
        expect(contrast(palette[one], palette[other]), `${one} on ${other}`).toBeGreaterThanOrEqual(3)
      }
    }
  })
})
