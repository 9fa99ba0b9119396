/** Two tabs, two people, three pages: nothing is lost and nothing is mixed up. */
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { shows, signIn } from './browser.ts'
import { setStage } from './stage.ts'

const app = fileURLToPath(new URL('apps/many_states.py', import.meta.url))
const stage = setStage(() => ({ app }))

async function enter(page: Page, name: string, path: string = ''): Promise<void> {
  await page.goto(`${stage.gateway.url}/${path}`)
  if (page.url().includes('_holdfast')) await signIn(page, name)
  await settled(page)
}

async function settled(page: Page): Promise<void> {
  await page.getByText('end-of-run').waitFor()
  await page.locator('[data-test-script-state="notRunning"]').waitFor()
}

/** Has the app run a line of Python. */
async function run(page: Page, line: string): Promise<void> {
  await page.getByLabel('line').fill(line)
  await page.getByLabel('line').press('Enter')
  await shows(page, 'ran', line)
  await settled(page)
}

async function afterReload(page: Page, name: string, value: string): Promise<void> {
  await page.reload()
  await settled(page)
  await shows(page, name, value)
}

it('B9: ten keys and five objects set in one handler, on three pages, from two modules: all stored', async () => {
  const { page, context } = stage
  await enter(page, 'anna')
  for (const [index, path] of ['', 'second', 'third'].entries()) {
    await enter(page, 'anna', path)
    await page.getByRole('button', { name: 'Set all' }).click()
    await shows(page, 'pressed', String(index + 1))
  }
  await settled(page)
  const tab = await context.newPage()
  for (const path of ['', 'second', 'third']) {
    await enter(tab, 'anna', path)
    await shows(tab, 'keys', '10 of 10')
    await shows(tab, 'objects', '5 of 5, twice')
  }
  expect(await tab.getByTestId('stException').count()).toBe(0)
})

it('B11: two tabs that change different keys keep both, the same key has a winner and who asks a conflict', async () => {
  const { page, context } = stage
  await enter(page, 'anna')
  const tab = await context.newPage()
  await enter(tab, 'anna')
  await run(page, 'S.update(one=1, gone=1)')
  await run(tab, 'S["two"] = 2')
  await run(page, 'del S["gone"]')
  await run(tab, 'S["two"] = 3')
  await run(page, 'S["same"] = "first"')
  await run(tab, 'S["same"] = "last"')
  for (const one of [page, tab]) {
    await afterReload(one, 'one', '1')
    await shows(one, 'two', '3')
    await shows(one, 'same', 'last')
    await shows(one, 'gone', 'None')
  }
  await run(page, 'st.session_state.v = S.version("same")')
  await run(tab, 'S["same"] = "newer"')
  await run(page, 'S.write({"same": "older"}, if_version={"same": st.session_state.v})')
  await shows(page, 'raised', 'ERR_STATE_CONFLICT')
  await afterReload(page, 'same', 'newer')
  await run(
    page,
    'S.write({"same": "mine"}, if_version={"same": 1}, on_conflict=lambda c: [c.mine, c.theirs])',
  )
  await afterReload(tab, 'same', "['mine', 'newer']")
})

it('B10: objects and mappings at the top of a shared module never show one person another’s values', async () => {
  const { page, browser } = stage
  await enter(page, 'anna')
  const other = await browser.newContext()
  const ben = await other.newPage()
  await enter(ben, 'ben')
  const turns = async (tab: Page, name: string): Promise<void> => {
    for (let turn = 0; turn < 15; turn++) {
      await run(tab, `S["who"] = "${name} ${turn}"; first.who = "${name} ${turn}"`)
      await shows(tab, 'who', `${name} ${turn}`)
      await shows(tab, 'object', `${name} ${turn}`)
    }
  }
  await Promise.all([turns(page, 'anna'), turns(ben, 'ben')])
  await Promise.all([afterReload(page, 'who', 'anna 14'), afterReload(ben, 'who', 'ben 14')])
  await other.close()
})
