/** From a capability to the scopes it opens. */
import { type Capability, capabilityMint } from './capability.ts'
import { carryOver } from './carry-over.ts'
import { type ScopeOpenerOptions, scopeOpener } from './scope-opener.ts'
import { scopedState } from './scoped-state.ts'
import type { ScopedState, SessionState, StateEngine } from './state.ts'
import { checkKey, type OpenScope } from './state-scope.ts'
import { type TabRegister, tabRegister } from './state-tabs.ts'

export type StateEngineOptions = ScopeOpenerOptions

/** The engine, and what only sign-in may do with it. */
export interface StateKeeper extends StateEngine {
  /**
   * Copies what an anonymous session and its tabs keep into the session that takes its place. Whoever calls it answers for
   * the first: its credential was presented in this very request, and nobody has signed in with it.
   */
  carryOver(from: string, to: string): Promise<void>
}

const longestTab = 200

/** The state of one app in a store. */
export function createStateEngine(options: StateEngineOptions): StateKeeper {
  const opener = scopeOpener(options)
  const capabilities = capabilityMint(options.keyring, options.app ?? '')
  const noted = new Map<string, number>()
  const app = scopedState(opener.app())

  function registerOf(capability: Capability): TabRegister {
    return tabRegister({
      ...{ sid: capability.sid, index: opener.own(capability, { kind: 'tabs' }), noted, now: opener.now },
      async remove(tab) {
        for (const kind of ['tab', 'page'] as const)
          await opener.own(capability, { kind, part: tab }).removeAll()
      },
    })
  }

  function opened(capability: Capability): SessionState {
    const { sid, owner } = capability
    let register: TabRegister | undefined
    const note = (tab: string): Promise<boolean> => {
      register ??= registerOf(capability)
      return register.note(tab)
    }
    const ofTab = (kind: 'tab' | 'page', tab: string): OpenScope => {
      checkKey(tab, longestTab)
      return opener.own(capability, { kind, part: tab, beforeWrite: () => note(tab) })
    }
    // A scope's keys take tens of microseconds to derive, and most requests want one scope or none.
    let session: ScopedState | undefined
    let user: ScopedState | null | undefined
    return {
      ...{ sid, owner, app },
      get session() {
        session ??= scopedState(opener.own(capability, { kind: 'session' }))
        return session
      },
      get user() {
        if (user === undefined) user = owner === null ? null : scopedState(opener.user(capability, owner))
        return user
      },
      tab: (id): ScopedState => scopedState(ofTab('tab', id)),
      page: (id): ScopedState => scopedState(ofTab('page', id)),
    }
  }

  function read(text: string): Capability | null {
    const capability = capabilities.read(text)
    return capability === null || opener.now() >= capability.absoluteAt ? null : capability
  }

  return {
    app,

    of(text) {
      const capability = read(text)
      return capability === null ? null : opened(capability)
    },

    async carryOver(from, to) {
      const [old, next] = [read(from), read(to)]
      if (old === null || next === null || old.owner !== null) return
      const [oldTabs, nextTabs] = [registerOf(old), registerOf(next)]
      await carryOver({
        tabs: await oldTabs.list(),
        note: nextTabs.note,
        from: (kind, part) => opener.own(old, { kind, part }),
        to: (kind, part) => opener.own(next, { kind, part }),
      })
    },
  }
}
