import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { oncePerTurn } from '../../src/core/turn.ts'

describe('oncePerTurn', () => {
  it('asks once for all that one turn brings, and again in the next', async () => {
    let asked = 0
    const isCurrent = oncePerTurn(() => ++asked > 0)
    expect([isCurrent(), isCurrent(), isCurrent()]).toEqual([true, true, true])
    expect(asked).toBe(1)
    await turn()
    expect(isCurrent()).toBe(true)
    expect(asked).toBe(2)
  })

  it('asks for a request that was sent after the answer to another, however soon', async ({
    onTestFinished,
  }) => {
    let asked = 0
    const isCurrent = oncePerTurn(() => ++asked > 0)
    const server = createServer((socket) => {
      socket.on('data', () => socket.write(isCurrent() ? 'y' : 'n'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    onTestFinished(() => {
      client.destroy()
      server.close()
    })
    for (let sent = 1; sent <= 20; sent++) {
      client.write('?')
      expect(String((await once(client, 'data'))[0])).toBe('y')
      expect(asked).toBe(sent)
    }
  })

  it('takes no for an answer once only', () => {
    const answers = [false, false, true]
    const isCurrent = oncePerTurn(() => answers.shift() ?? false)
    expect([isCurrent(), isCurrent(), isCurrent()]).toEqual([false, false, true])
  })
})
