import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { setClientStage } from './client-stage.ts'

const edits = { stringValue: '{"edited_rows":{"0":{"name":"Cara"}},"added_rows":[],"deleted_rows":[]}' }
const selection = { stringValue: '{"selection":{"rows":[1],"columns":[]}}' }
const session = '0b1e8a34-6f0c-4c4e-9d7b-2f1de1c0a111'
const fileUrls = { fileId: 'f1', uploadUrl: `/_stcore/upload_file/${session}/f1`, deleteUrl: 'x' }
const file = { fileId: 'f1', name: 'a.txt', size: 8, fileUrls }
const upload = { fileUploaderStateValue: { uploadedFileInfo: [file] } }
const shown = { 'holdfast-shown upload': { boolValue: true } }

const stage = setClientStage()

const open = (): Promise<Page> => stage.browser.open(stage.gateway.url('/streamlit'))
const states = (page: Page): Promise<unknown> => page.evaluate('states()')
/** What the page before left, as it is stored. */
const left = (page: Page): Promise<string> => page.evaluate(`localStorage.getItem('left')`)
const draw = (page: Page, testId: string, id: string, value?: object): Promise<unknown> =>
  page.evaluate(`draw('${testId}', '${id}', ${JSON.stringify(value ?? null)})`)
const run = (page: Page): Promise<unknown> => page.evaluate(`rerun('${session}')`)

/** A page that has run the script. */
async function running(page: Page): Promise<Page> {
  await page.evaluate('connect()')
  await run(page)
  return page
}

/** A page that has run the script, with an edited table, a selection and an upload. */
async function filled(): Promise<Page> {
  const page = await running(await open())
  await draw(page, 'stDataFrame', 'table', edits)
  await draw(page, 'stVegaLiteChart', 'chart', selection)
  await draw(page, 'stFileUploader', 'upload', upload)
  return page
}

describe('a Streamlit page after F5', () => {
  it('has the edits, selections and files of the page before', async () => {
    const page = await filled()
    await page.reload()
    await running(page)
    expect(await states(page)).toEqual({ table: edits, chart: selection, upload, ...shown })
  })

  it('is given them only when its own first request is out: one with widgets in it looks like a reconnect', async () => {
    const page = await filled()
    await page.reload()
    await page.evaluate('connect()')
    expect(await states(page)).toEqual({})
    await page.evaluate('say(0x60)')
    expect(await states(page)).toEqual({})
    await run(page)
    expect(await states(page)).not.toEqual({})
  })

  it('keeps them until it has drawn its widgets, and no longer than Streamlit would', async () => {
    const page = await filled()
    await page.reload()
    await running(page)
    await page.evaluate('manager.removeInactive(new Set())')
    await page.evaluate(`manager.removeInactive(new Set(['other']))`)
    expect(Object.keys((await states(page)) as object)).toContain('table')
    await run(page)
    await page.evaluate(`manager.removeInactive(new Set(['table']))`)
    expect(await states(page)).toEqual({ table: edits })
    expect(await page.evaluate('Object.hasOwn(WebSocket.prototype.send, "prototype")')).toBe(false)
  })

  it('is given them once, however many runs it asks for before the first', async () => {
    const page = await filled()
    await page.reload()
    await page.evaluate('connect()')
    await page.evaluate(`Promise.all([rerun('${session}'), rerun('${session}')])`)
    await run(page)
    await page.evaluate(`manager.removeInactive(new Set(['chart']))`)
    expect(await states(page)).toEqual({ chart: selection })
  })

  it('does not overwrite what it already has', async () => {
    const page = await filled()
    await page.reload()
    await page.evaluate('connect()')
    await draw(page, 'stDataFrame', 'table', selection)
    await run(page)
    expect(await states(page)).toMatchObject({ table: selection, chart: selection })
  })

  it('passes them on when it goes before it has run, or drawn anything', async () => {
    const page = await filled()
    await page.reload()
    await page.reload()
    await running(page)
    await page.reload()
    await running(page)
    expect(await states(page)).toEqual({ table: edits, chart: selection, upload, ...shown })
  })

  it('does not pass on what has not been drawn: it may be what its widget broke on', async () => {
    const page = await filled()
    await page.reload()
    await running(page)
    await page.evaluate(`manager.removeInactive(new Set(['table', 'chart', 'upload']))`)
    await draw(page, 'stDataFrame', 'table')
    await page.reload()
    expect(Object.keys(JSON.parse(await left(page)).values)).toEqual(['table'])
  })

  it('does not show the files of a Streamlit session that is gone', async () => {
    const page = await filled()
    await page.reload()
    await page.evaluate('connect()')
    await page.evaluate(`rerun('another session')`)
    expect(await states(page)).toEqual({ table: edits, chart: selection })
  })
})

describe('what a Streamlit page leaves', () => {
  it('is nothing that was typed, wherever it stands', async () => {
    const page = await running(await open())
    for (const [at, secret] of ['hunter2', '"hunter2"', '{"hunter2":1}', 'null', '{}'].entries())
      await draw(page, 'stDataFrame', `table${at}`, { stringValue: secret })
    await draw(page, 'stTextInput', 'text', edits)
    await draw(page, 'stFileUploader', 'empty', { fileUploaderStateValue: { uploadedFileInfo: [] } })
    await page.reload()
    expect(JSON.parse(await left(page)).values).toEqual({})
  })

  it('is no file that a form has already replaced', async () => {
    const page = await filled()
    await page.evaluate(`{
      const widgetStates = new States()
      for (const id of ['upload', 'table']) Object.assign(widgetStates.createState(id), manager.widgetStates.getState(id))
      manager.forms.set('form', { widgetStates })
    }`)
    await page.reload()
    expect(Object.keys(JSON.parse(await left(page)).values)).toEqual(['table', 'chart'])
  })

  it('is taken once, and stays nowhere', async () => {
    const page = await filled()
    await page.reload()
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain('Cara')
  })

  it('is not for the next person in this tab, and not kept for the first', async () => {
    const page = await filled()
    stage.gateway.session.mark = 'm2'
    await page.reload()
    expect(await left(page)).toContain('Cara')
    await running(page)
    expect(await states(page)).toEqual({})
    stage.gateway.session.mark = 'm1'
    await page.reload()
    await running(page)
    expect(await states(page)).toEqual({})
  })

  it('is not for a duplicate of the tab', async () => {
    const page = await filled()
    await page.goto(stage.gateway.url('/_holdfast/sign-in'))
    const duplicate = await stage.browser.duplicate(page)
    expect(await duplicate.evaluate('JSON.stringify(sessionStorage)')).toContain('Cara')
    await page.goto(stage.gateway.url('/streamlit'))
    await duplicate.goto(stage.gateway.url('/streamlit'))
    await running(page)
    await running(duplicate)
    expect(await states(duplicate)).toEqual({})
    expect(await states(page)).toMatchObject({ table: edits })
  })

  it('is nothing once the session has ended', async () => {
    const page = await filled()
    await stage.gateway.seen('UPGRADE events')
    stage.gateway.signOut()
    await page.waitForURL(/sign-in/)
    expect(await left(page)).toBe('nothing')
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain('Cara')
  })

  it('is for each of the frames of somebody else’s page its own', async () => {
    const frame = (path: string) => `frame=${encodeURIComponent(stage.gateway.url(path))}`
    const query = `${frame('/streamlit/a')}&${frame('/streamlit/b')}`
    const page = await stage.browser.open(stage.gateway.url(`/foreign?${query}`, 'app.test'))
    const eachFrame = (run: string) =>
      Promise.all(
        page
          .frames()
          .slice(1)
          .map((one) => one.evaluate(run)),
      )
    await eachFrame('connect()')
    await eachFrame('rerun()')
    await eachFrame(`draw('stDataFrame', location.pathname, ${JSON.stringify(edits)})`)
    await page.reload()
    await eachFrame('connect()')
    await eachFrame('rerun()')
    expect(await eachFrame('states()')).toEqual([{ '/streamlit/a': edits }, { '/streamlit/b': edits }])
  })
})

describe('a page of a Streamlit that the script does not know', () => {
  const unknown: Record<string, string> = {
    'without React': `delete root.__reactContainer$1`,
    'without a manager': `root.__reactContainer$1.child.sibling.memoizedProps = {}`,
    'with another manager': `manager.widgetStates.getState = undefined`,
    'with other states': `State.fromObject = () => { throw new Error('no') }`,
    'with states that cannot be made': `manager.widgetStates.createState = () => { throw new Error('no') }`,
    'that sends text': `stream.binaryType = 'blob'`,
    'whose tree has no end': `root.__reactContainer$1.child.sibling = root.__reactContainer$1`,
  }

  it.each(Object.keys(unknown))('%s works as without it', async (name) => {
    const page = await filled()
    await page.reload()
    await page.evaluate('connect()')
    await page.evaluate(`{ const root = document.getElementById('root'); ${unknown[name]} }`)
    await run(page)
    await run(page)
    expect(await states(page)).toEqual({})
    expect(await page.evaluate('window.faults')).toBeUndefined()
    await page.reload()
    expect(await page.evaluate('window.faults')).toBeUndefined()
  })

  it.each(['blocked', 'full'])('works where storage is %s', async (kind) => {
    const page = await stage.browser.context.newPage()
    const whole = `Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no') } })`
    const writes = `{
      const { setItem } = Storage.prototype
      Storage.prototype.setItem = function (key, value) {
        if (key === 'holdfast-widgets') throw new DOMException('full', 'QuotaExceededError')
        setItem.call(this, key, value)
      }
    }`
    await page.addInitScript(kind === 'blocked' ? whole : writes)
    const faults: Error[] = []
    page.on('pageerror', (fault) => faults.push(fault))
    await page.goto(stage.gateway.url('/streamlit'))
    await running(page)
    await draw(page, 'stDataFrame', 'table', edits)
    await page.reload()
    await running(page)
    expect(await states(page)).toEqual({})
    expect(faults).toEqual([])
    expect(await page.evaluate(`localStorage.getItem('faults')`)).toBeNull()
  })
})
