/** What a test may want otherwise than the harness has it. */
import type { PasswordHasher } from '../../src/auth/password-hash.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Access, AccessRule } from '../../src/gateway/access.ts'
import type { Config } from '../../src/gateway/config.ts'
import type { ImportConfig } from '../../src/gateway/config-import.ts'
import type { SelfServiceConfig } from '../../src/gateway/config-self-service.ts'
import type { InstancesOptions } from '../../src/gateway/proxy/instances.ts'
import type { RecordingUpstream } from './recording-upstream.ts'
import type { WatchedStore } from './watched-store.ts'

export interface HarnessOptions {
  readonly upstream?: RecordingUpstream
  /** Another app than the recording one. */
  readonly upstreamUrl?: URL
  /** Several instances of one app, in place of both. */
  readonly instances?: readonly URL[]
  readonly access?: Access
  readonly rules?: readonly AccessRule[]
  readonly preset?: 'generic' | 'streamlit'
  readonly publicUrl?: string
  readonly trustProxy?: readonly string[]
  readonly policy?: Policy
  readonly secondFactor?: Config['secondFactor']
  readonly now?: () => number
  readonly headersTimeout?: number
  /** How long a connection to one of several instances may take. */
  readonly connectTimeout?: number
  /** For how long nobody is led elsewhere after all instances were away. */
  readonly gathering?: number
  /** An API that knows who may sign in, in place of the users file. */
  readonly loginApi?: Config['loginApi']
  readonly oidc?: Config['oidc']
  /** A system that was there before. */
  readonly import?: ImportConfig
  /** Mail, registering, guests. */
  readonly selfService?: Partial<SelfServiceConfig>
  /** A users file that is there already. */
  readonly usersText?: string
  /** @default one that costs next to nothing: most tests are about something else */
  readonly hasher?: PasswordHasher
  /** A store that another replica works with, too. */
  readonly store?: WatchedStore
}

/** The limits of the app that were asked for, and no others. */
export function limitsOf({
  headersTimeout,
  connectTimeout,
  gathering,
}: HarnessOptions): Partial<InstancesOptions> {
  return {
    ...(headersTimeout !== undefined && { headersTimeout }),
    ...(connectTimeout !== undefined && { connectTimeout }),
    ...(gathering !== undefined && { gathering }),
  }
}
