/**
 * What session libraries do when two requests of one browser overlap. Every library serves the same app, in the way its own
 * manual recommends, and is asked the same questions. Alone: `node bench/races.ts`.
 */
import { type Contender, start } from './contender.ts'
import { table } from './report.ts'

const libraries = [
  ['Holdfast (Express)', 'contenders/session-holdfast-express.ts'],
  ['Holdfast (Fastify)', 'contenders/session-holdfast-fastify.ts'],
  ['Holdfast (Hono)', 'contenders/session-holdfast-hono.ts'],
  ['express-session', 'contenders/session-express-session.ts'],
  ['@fastify/session', 'contenders/session-fastify.ts'],
  ['hono-sessions', 'contenders/session-hono.ts'],
  ['iron-session', 'contenders/session-iron.ts'],
] as const

/** One browser: it sends the last cookies it was told. */
class Visitor {
  readonly cookies = new Map<string, string>()
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  copy(): Visitor {
    const copy = new Visitor(this.#port)
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    return copy
  }

  async ask(path: string): Promise<string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      headers: cookie === '' ? {} : { cookie },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response.text()
  }

  async user(): Promise<string | null> {
    return (JSON.parse(await this.ask('/me')) as { user: string | null }).user ?? null
  }
}

/** A library's answer in a case, and whether it is the one that its users would want. */
interface Finding {
  readonly what: string
  readonly isRight: boolean
}

const right = (what: string): Finding => ({ what, isRight: true })
const wrong = (what: string): Finding => ({ what, isRight: false })

type Case = (visitor: Visitor) => Promise<Finding>

const signedIn = async (visitor: Visitor): Promise<void> => {
  await visitor.ask('/sign-in')
  if ((await visitor.user()) !== 'anna') throw new Error('Signing in did not sign in.')
}

/** The request is held at a gate while `meanwhile` happens. */
async function overlapping(
  visitor: Visitor,
  path: string,
  gate: string,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const held = visitor.ask(`${path}${path.includes('?') ? '&' : '?'}gate=${gate}`)
  await visitor.copy().ask(`/arrived?gate=${gate}`)
  await meanwhile()
  await visitor.copy().ask(`/open?gate=${gate}`)
  await held
}

/** Signed out while a request was under way: out for that browser, and for whoever copied the cookie before? */
function signOutDuring(path: string, gate: string): Case {
  return async (visitor) => {
    await signedIn(visitor)
    const copy = visitor.copy()
    await overlapping(visitor, path, gate, async () => {
      await visitor.ask('/sign-out')
    })
    if ((await visitor.user()) !== null) return wrong('signed in again')
    return (await copy.user()) === null ? right('stays out') : wrong('a copied cookie is still in')
  }
}

const cases: Readonly<Record<string, Case>> = {
  async 'two requests set different keys at once'(visitor) {
    await signedIn(visitor)
    await overlapping(visitor, '/set?a=1', 'set', async () => {
      await visitor.copy().ask('/set?b=2')
    })
    const { a, b } = JSON.parse(await visitor.ask('/values')) as { a?: string; b?: string }
    return a === '1' && b === '2' ? right('both kept') : wrong('one is lost')
  },
  'sign out while a request that writes is under way': signOutDuring('/set?a=1', 'write'),
  'sign out while a request that reads is under way': signOutDuring('/me', 'read'),
  async 'sign out, then present a copy of the cookie'(visitor) {
    await signedIn(visitor)
    const copy = visitor.copy()
    await visitor.ask('/sign-out')
    return (await copy.user()) === null ? right('refused') : wrong('signed in')
  },
  async 'two people sign in at once in one browser'(visitor) {
    await visitor.ask('/set?a=nobody')
    const [before, anna, ben] = [visitor.copy(), visitor.copy(), visitor.copy()]
    await overlapping(anna, '/sign-in?as=anna', 'sign-in', async () => {
      await ben.ask('/sign-in?as=ben')
    })
    const [first, second, old] = [await anna.user(), await ben.user(), await before.user()]
    if (old !== null) return wrong('the cookie from before is signed in')
    if (first !== 'anna' || second !== 'ben') return wrong(`they are ${first} and ${second}`)
    await anna.ask('/set?a=secret')
    const { a } = JSON.parse(await ben.ask('/values')) as { a?: string }
    return a === 'secret' ? wrong('they share one session') : right('each is who they are')
  },
  async 'renew the id in three requests at once'(visitor) {
    await signedIn(visitor)
    await visitor.ask('/due')
    const tabs = [visitor.copy(), visitor.copy(), visitor.copy()]
    const before = JSON.stringify([...visitor.cookies])
    const renewing = tabs.map((tab, index) => tab.ask(`/renew?gate=renew${index}`))
    for (const index of tabs.keys()) await visitor.copy().ask(`/arrived?gate=renew${index}`)
    for (const index of tabs.keys()) await visitor.copy().ask(`/open?gate=renew${index}`)
    await Promise.all(renewing)
    if (tabs.every((tab) => JSON.stringify([...tab.cookies]) === before)) return wrong('has no such thing')
    const users = await Promise.all(tabs.map((tab) => tab.user()))
    const known = users.filter((user) => user === 'anna').length
    return known === 3 ? right('all three go on') : wrong(`${known} of 3 go on`)
  },
  async 'renew the id, and lose the answer'(visitor) {
    await signedIn(visitor)
    await visitor.ask('/due')
    const before = visitor.copy()
    await visitor.ask('/renew')
    if (JSON.stringify([...before.cookies]) === JSON.stringify([...visitor.cookies]))
      return wrong('has no such thing')
    return (await before.user()) === 'anna' ? right('goes on') : wrong('signed out')
  },
}

/** A Markdown table: what each library does in each case. */
export async function compareRaces(): Promise<string> {
  const columns: string[][] = []
  for (const [name, script] of libraries) {
    const contender: Contender = await start(name, script, '')
    try {
      const cells: string[] = []
      for (const one of Object.values(cases)) {
        const { what, isRight } = await one(new Visitor(contender.port))
        cells.push(isRight ? what : `**${what}**`)
      }
      columns.push([name, ...cells])
    } finally {
      contender.stop()
    }
  }
  const [names = [], ...rows] = ['', ...Object.keys(cases)].map((title, row) => [
    title,
    ...columns.map((column) => column[row] ?? ''),
  ])
  return table(names, rows)
}

if (import.meta.main) console.log(await compareRaces())
