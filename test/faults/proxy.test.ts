import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { type Link, openLink } from '../../faults/proxy.ts'

/** A server that says everything again, behind a link. */
async function linked(): Promise<Link> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const link = await openLink('127.0.0.1', () => port)
  onTestFinished(async () => {
    await link.close()
    server.close()
  })
  return link
}

async function client(link: Link): Promise<Socket> {
  const socket = connect({ port: link.port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Resolves when it is closed, by a reset too. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function echo(socket: Socket, text: string): Promise<number> {
  const begun = performance.now()
  socket.write(text)
  const [piece] = (await once(socket, 'data')) as [Buffer]
  expect(piece.toString()).toBe(text)
  return performance.now() - begun
}

it('passes what is sent, and later where it is slow', async () => {
  const link = await linked()
  const socket = await client(link)
  await echo(socket, 'quick')
  link.set('slow', 60)
  expect(await echo(socket, 'slow')).toBeGreaterThanOrEqual(115)
})

it('keeps what is sent in order while it becomes slow and quick again', async () => {
  const link = await linked()
  const socket = await client(link)
  let came = ''
  const all = Array.from({ length: 12 }, (_none, number) => String.fromCharCode(97 + number)).join('')
  const complete = new Promise<void>((resolve) => {
    socket.on('data', (piece: Buffer) => {
      came += piece.toString()
      if (came.length === all.length) resolve()
    })
  })
  for (const [number, letter] of [...all].entries()) {
    link.set(number % 4 === 1 ? 'slow' : 'pass', 40)
    socket.write(letter)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await complete
  expect(came).toBe(all)
})

it('resets what is connected and whoever connects, where it refuses', async () => {
  const link = await linked()
  const socket = await client(link)
  await echo(socket, 'before')
  const closed = closing(socket)
  link.set('refuse')
  await closed
  const next = connect(link.port, '127.0.0.1')
  next.on('error', () => {})
  await closing(next)
  link.set('pass')
  await echo(await client(link), 'after')
})

it('holds what is sent back while it hangs, and brings all of it late', async () => {
  const link = await linked()
  const socket = await client(link)
  await echo(socket, 'before')
  link.set('hang')
  let came = ''
  socket.on('data', (piece: Buffer) => {
    came += piece.toString()
  })
  socket.write('late')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(came).toBe('')
  link.set('pass')
  await once(socket, 'data')
  expect(came).toBe('late')
})

it('tells nobody that what was sent is lost before it heals, and then resets the connection', async () => {
  const link = await linked()
  const socket = await client(link)
  await echo(socket, 'before')
  link.set('vanish')
  let isClosed = false
  const closed = closing(socket).then(() => {
    isClosed = true
  })
  socket.write('lost')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(isClosed).toBe(false)
  link.set('pass')
  await closed
})

it('resets only connections that listen for changes where the feed is cut', async () => {
  const link = await linked()
  const [feed, other] = [await client(link), await client(link)]
  await echo(feed, 'LISTEN "changes"')
  await echo(other, 'SELECT 1')
  const closed = closing(feed)
  link.set('no-feed')
  await closed
  await echo(other, 'SELECT 2')
})

it('loses every other change that is pushed, whole, and nothing else', async () => {
  const link = await linked()
  const socket = await client(link)
  await echo(socket, 'SUBSCRIBE feed')
  link.set('lossy-feed')
  const push = (text: string): string => `*3\r\n$7\r\nmessage\r\n$4\r\nfeed\r\n$${text.length}\r\n${text}\r\n`
  await echo(socket, push('one'))
  socket.write(push('two'))
  // Two pushes in one piece would not be one any more.
  await new Promise((resolve) => setTimeout(resolve, 50))
  await echo(socket, push('three'))
  await echo(socket, '+OK\r\n')
})
