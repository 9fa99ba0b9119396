import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { setClientStage } from './client-stage.ts'
import { openContractGateway } from './contract-gateway.ts'

const stage = setClientStage()

/**
 * Everything a page can see of its sockets' lives, as text: one is opened, used and closed, one is closed before
 * it opens, one is of a class of the page's own. All three are made at once, while they are held.
 */
const OBSERVE = `(async () => {
  const url = 'ws://' + location.host + '/stream'
  const state = (socket) => [socket.readyState, socket.bufferedAmount, socket.extensions, socket.protocol, socket.binaryType].join()
  const attempt = (act) => { try { return String(act()) } catch (error) { return error.name } }
  const ended = (socket) => new Promise((done) => socket.addEventListener('close', () => setTimeout(done)))
  const watch = (socket) => {
    const seen = []
    const note = (event) => seen.push([event.type, event.constructor.name, event.target === socket,
      event.data instanceof ArrayBuffer ? 'bytes' : typeof event.data, event.code, event.reason, event.wasClean, state(socket)].join())
    return { seen, note: () => (event) => note(event) }
  }
  class Loud extends WebSocket { send(data) { super.send(data + '!') } get kind() { return 'loud' } }

  const used = new WebSocket(url, ['app', 'second'])
  const { seen, note } = watch(used)
  seen.push(state(used), used instanceof WebSocket, used instanceof EventTarget, used.constructor === WebSocket)
  seen.push(Object.prototype.toString.call(used), WebSocket.OPEN, used.CLOSED, WebSocket.name, WebSocket.length)
  seen.push(attempt(() => used.send('early')), used.onopen, used.url.split('?')[0])
  used.binaryType = 'arraybuffer'
  used.binaryType = 'nonsense'
  used.onmessage = note()
  used.onopen = null
  used.addEventListener('open', note())
  used.onopen = note()
  used.addEventListener('open', { handleEvent: note() }, { once: true })
  used.addEventListener('close', note())
  used.onclose = note()
  used.onerror = note()
  used.addEventListener('message', ({ data }) => {
    if (data instanceof ArrayBuffer) used.close(4000, 'enough')
    else if (data !== 'hello') { used.send('hello'); used.send(new Uint8Array([1, 2])) }
  })

  const closed = new WebSocket(url)
  const early = watch(closed)
  for (const type of ['open', 'error', 'close']) closed.addEventListener(type, early.note())
  early.seen.push(attempt(() => closed.close()), state(closed), attempt(() => closed.send('')), attempt(() => closed.close()))

  const loud = new Loud(url)
  const heard = [loud instanceof Loud, loud.kind]
  loud.onopen = () => loud.send('loud')
  loud.onmessage = ({ data }) => { if (data === 'loud!') { heard.push(data); loud.close() } }

  await Promise.all([used, closed, loud].map(ended))
  seen.push(state(used), attempt(() => used.send('late')), attempt(() => used.close()))
  early.seen.push(state(closed))
  return [seen, early.seen, heard].map((lines) => lines.map(String))
})()`

/** A duplicate's sockets are held: its id is taken until the lock says so. Runs `code` first thing in it. */
async function inDuplicate<T>(code: string): Promise<T> {
  const page = await stage.browser.open(stage.gateway.url(`/quiet?run=${encodeURIComponent(code)}`))
  await page.evaluate('outcome')
  const duplicate = await stage.browser.duplicate(page)
  return duplicate.evaluate<T>('outcome')
}

describe('a held socket', () => {
  it('is to the page what a native one is, from constructor to close', async () => {
    stage.gateway.config = { signedIn: false }
    const code = `[${OBSERVE}, Object.hasOwn(new WebSocket('ws://' + location.host + '/x'), 'onopen')]`
    const run = `Promise.all(${code})`
    const page = await stage.browser.open(stage.gateway.url('/quiet'))
    const [native, nativeHeld] = await page.evaluate<[string[][], boolean]>(run)
    const [held, isHeld] = await inDuplicate<[string[][], boolean]>(run)
    expect([nativeHeld, isHeld]).toEqual([false, true])
    expect(native[0]?.slice(1, 4)).toEqual(['true', 'true', 'true'])
    expect(native[0]?.filter((line) => line.startsWith('open'))).toHaveLength(3)
    expect(held).toEqual(native)
  })

  it('brings the settled id, and the subprotocols as they were', async () => {
    const outcome = await inDuplicate<string[]>(`new Promise((done) => {
      const socket = new WebSocket('ws://' + location.host + '/stream?a=%20b', ['app', 'x'])
      socket.onmessage = ({ data }) => done([data, sessionStorage.getItem('holdfast-tab'), socket.url, socket.protocol])
    })`)
    const [tab, kept, url, protocol] = outcome
    expect(tab).toMatch(/^[\w-]{22}$/)
    expect(kept).toBe(tab)
    expect(url).toBe(`ws://localhost:${stage.gateway.port}/stream?a=%20b&_holdfast_tab=${tab}`)
    expect(protocol).toBe('app')
  })
})

describe('the wrapped WebSocket', () => {
  const open = (): Promise<Page> => stage.browser.open(stage.gateway.url('/quiet'))

  it('leaves sockets to other origins alone', async () => {
    const other = await openContractGateway()
    const page = await open()
    const tab = other.connected('/stream')
    await page.evaluate(`void new WebSocket('ws://localhost:${other.port}/stream?a=1')`)
    expect(await tab).toBeNull()
    await other.close()
  })

  it('takes what the native one takes for an address, and refuses what it refuses', async () => {
    const page = await open()
    const outcome = await page.evaluate<string[]>(`[
      () => new WebSocket(new URL('/a?x=%20y', 'ws://' + location.host)).url,
      () => new WebSocket('/b?').url,
      () => new WebSocket('//' + location.host + '/c').url,
      () => new WebSocket(),
      () => WebSocket('ws://' + location.host),
      () => new WebSocket('ws://' + location.host, ['a', 'a']),
      () => new WebSocket('ftp://' + location.host),
      () => new WebSocket('ws://' + location.host + '/#fragment'),
    ].map((act) => { try { return act() } catch (error) { return error.name } })`)
    const id = await page.evaluate<string>(`sessionStorage.getItem('holdfast-tab')`)
    const host = `ws://localhost:${stage.gateway.port}`
    expect(outcome).toEqual([
      `${host}/a?x=%20y&_holdfast_tab=${id}`,
      `${host}/b?_holdfast_tab=${id}`,
      `${host}/c?_holdfast_tab=${id}`,
      'TypeError',
      'TypeError',
      'SyntaxError',
      'SyntaxError',
      'SyntaxError',
    ])
  })
})

describe('a page of nobody yet', () => {
  beforeEach(() => {
    stage.gateway.config = { signedIn: false, begin: true }
  })

  it('asks for an anonymous session when it opens a socket, which waits for it', async () => {
    stage.gateway.delay = 300
    const opened = stage.gateway.connected('/stream')
    const page = await stage.browser.open(stage.gateway.url('/app'))
    await stage.gateway.seen('POST begin')
    expect(stage.gateway.sockets).toEqual([])
    expect(await opened).toMatch(/^[\w-]{22}$/)
    expect(await page.evaluate('tab')).toBe(await opened)
    expect(stage.gateway.requests).toEqual(['POST begin', 'begun'])
  })

  it('asks in turn with the tabs that open beside it, so that all get one session', async () => {
    stage.gateway.delay = 200
    const pages = await Promise.all([1, 2, 3].map(() => stage.browser.open(stage.gateway.url('/app'))))
    await Promise.all(pages.map((page) => page.evaluate('tab')))
    expect(stage.gateway.requests).toEqual([
      'POST begin',
      'begun',
      'POST begin',
      'begun',
      'POST begin',
      'begun',
    ])
  })

  it('asks once for all its sockets, and not at all without one', async () => {
    const page = await stage.browser.open(stage.gateway.url('/quiet'))
    expect(stage.gateway.requests).toEqual([])
    await page.evaluate(
      `Promise.all([1, 2, 3].map(() => told(new WebSocket('ws://' + location.host + '/stream'))))`,
    )
    expect(stage.gateway.requests).toEqual(['POST begin', 'begun'])
  })

  it('goes on without one after 3 s', async () => {
    stage.gateway.delay = 60_000
    const begun = performance.now()
    const opened = stage.gateway.connected('/stream')
    await stage.browser.open(stage.gateway.url('/app'))
    expect(await opened).toMatch(/^[\w-]{22}$/)
    expect(performance.now() - begun).toBeGreaterThan(2900)
    expect(performance.now() - begun).toBeLessThan(4500)
  })
})
