/** The gallery of widgets: what a person does with it, and what it says of itself. */
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import { vi } from 'vitest'

/** The app. */
export const galleryApp: string = fileURLToPath(new URL('../python/tests/gallery/app.py', import.meta.url))

/** What the gallery says of itself at the end of its page. */
export interface Report {
  readonly values: Record<string, unknown>
  readonly fired: Record<string, number>
  readonly runs: number
}

export async function report(page: Page): Promise<Report> {
  const text = await page.getByTestId('stCode').last().locator('code').textContent({ timeout: 5_000 })
  return JSON.parse(text ?? '') as Report
}

/** Waits until `ok` holds; what throws meanwhile does not hold. */
export async function until(
  what: string,
  ok: () => Promise<boolean>,
  timeout: number = 60_000,
): Promise<void> {
  const check = async (): Promise<void> => {
    if (!(await ok().catch(() => false))) throw new Error(`Still waiting for ${what}`)
  }
  await vi.waitFor(check, { timeout, interval: 50 })
}

/** The report for which `ok` holds, as soon as there is one and the script has come to its end. */
export async function reportWhere(page: Page, what: string, ok: (now: Report) => boolean): Promise<Report> {
  await until(what, async () => ok(await report(page)))
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
  return report(page)
}

/** Clicks a button that changes nothing, and waits for the run. */
export async function clickAnother(page: Page): Promise<Report> {
  const { runs } = await report(page)
  await page.getByRole('button', { name: 'Another button' }).click()
  return reportWhere(page, 'a run after the click', (now) => now.runs > runs)
}

export function exactly(text: string): RegExp {
  return new RegExp(`^${text}$`)
}

/** The widget of this kind that has this label. */
export function widget(page: Page, kind: string, label: string): Locator {
  const itsLabel = page.getByTestId('stWidgetLabel').filter({ hasText: exactly(label) })
  return page.getByTestId(kind).filter({ has: itsLabel })
}

export function uploader(page: Page, label: string): Locator {
  return widget(page, 'stFileUploader', label)
}

export async function upload(page: Page, label: string, ...names: string[]): Promise<void> {
  const files = names.map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`in ${name}`) }))
  await uploader(page, label).locator('input[type=file]').setInputFiles(files)
  for (const name of names) await uploader(page, label).getByText(name).first().waitFor()
}

/** What is drawn on a canvas has no element of its own, and lies under others. */
export function clickAt(drawing: Locator, x: number, y: number): Promise<void> {
  return drawing.click({ position: { x, y }, force: true })
}

// Where the first column's cells are, row by row.
const firstRow = 52
const rowHeight = 35

/** Writes into the first column of a table, which is a canvas: the editor opens over it. */
export async function edit(table: Locator, value: string, row: number = 0): Promise<void> {
  const page = table.page()
  const canvas = table.locator('canvas').first()
  await canvas.scrollIntoViewIfNeeded()
  const editor = page.locator('#portal textarea').first()
  await until('the cell editor', async () => {
    await canvas.dblclick({ position: { x: 150, y: firstRow + row * rowHeight }, force: true })
    return editor.isVisible()
  })
  await editor.fill(value)
  await editor.press('Enter')
}
