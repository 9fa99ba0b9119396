/** Requests through each contender in turn, round after round, so that a machine's moods hit all alike. */
import { Pool } from 'undici'
import { type Contender, start, startHoldfast } from './contender.ts'
import { median, table } from './report.ts'

const connections = 32
// A browser's own, so that every contender has the same headers to carry.
const browser = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
}

interface Sample {
  readonly cpu: number
  readonly perSecond: number
}

/** Measures all of them; the table goes into RESULTS.md. */
export async function benchGateway(rounds: number, requests: number): Promise<string> {
  const app = await start('upstream', 'upstream.ts', '')
  const upstream = `http://127.0.0.1:${app.port}`
  const contenders = [
    await startHoldfast('**holdfast**, signed in', upstream),
    await start('the same engine, no sessions', 'contenders/bare-engine.ts', upstream),
    await start('http-proxy-3, keep-alive', 'contenders/http-proxy-3.ts', upstream),
    await start('httpxy, keep-alive', 'contenders/httpxy.ts', upstream),
    await start('@fastify/http-proxy', 'contenders/fastify-http-proxy.ts', upstream),
  ]
  try {
    for (const contender of contenders) await verify(contender)
    const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
    for (let round = -1; round < rounds; round++) {
      // Every round in another order: who follows a heavy one must not always be the same.
      const order = contenders.toSorted(
        (a, b) => ((a.port * (round + 2)) % 97) - ((b.port * (round + 2)) % 97),
      )
      for (const contender of order) {
        const sample = await load(contender, round < 0 ? requests / 2 : requests)
        if (round >= 0) samples.get(contender.name)?.push(sample)
      }
      console.log(`  requests: round ${round + 1} of ${rounds}`)
    }
    return summary(samples)
  } finally {
    for (const contender of [...contenders, app]) contender.stop()
  }
}

/** Nothing is timed that does not answer right; what has sessions must also refuse who has none. */
async function verify({ name, port, headers }: Contender): Promise<void> {
  const url = `http://127.0.0.1:${port}/`
  const answer = await fetch(url, { headers: { ...browser, ...credentials({ headers }) } })
  const body = await answer.text()
  if (answer.status !== 200 || body.length !== 1023)
    throw new Error(`${name} answers ${answer.status}, ${body.length} bytes`)
  if (headers.cookie === undefined) return
  const refused = await fetch(url, { headers: browser })
  if (refused.status !== 401) throw new Error(`${name} lets a stranger in (${refused.status})`)
}

// Browsers send no Origin with a GET of the page's own.
function credentials({ headers }: Pick<Contender, 'headers'>): Readonly<Record<string, string>> {
  return headers.cookie === undefined ? {} : { cookie: headers.cookie }
}

async function load(contender: Contender, requests: number): Promise<Sample> {
  const pool = new Pool(`http://127.0.0.1:${contender.port}`, { connections, pipelining: 1 })
  const headers = { ...browser, ...credentials(contender) }
  let left = requests
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const { body, statusCode } = await pool.request({ path: '/', method: 'GET', headers })
      await body.dump()
      if (statusCode !== 200) throw new Error(`${contender.name} answered ${statusCode}`)
    }
  }
  const cpu = contender.cpu()
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - began) / 1000
  const used = contender.cpu() - cpu
  await pool.close()
  return { cpu: used / requests, perSecond: requests / seconds }
}

function summary(samples: ReadonlyMap<string, readonly Sample[]>): string {
  const [[, ours = []] = []] = samples
  const rows = [...samples].map(([name, all]) => {
    const cpu = all.map((one) => one.cpu)
    const spread = `${Math.min(...cpu).toFixed(0)}–${Math.max(...cpu).toFixed(0)}`
    const speed = median(all.map((one) => one.perSecond)).toFixed(0)
    // Those that were measured side by side: a machine's moods last longer than a round.
    const ratio = median(cpu.map((one, round) => one / (ours[round]?.cpu ?? Number.NaN)))
    return [name, median(cpu).toFixed(1), spread, speed, ratio.toFixed(2)]
  })
  return table(['contender', 'CPU µs / request', 'range', 'requests / s', 'CPU relative to holdfast'], rows)
}
