/** How much a call computes. What else the machine does at the time is not in it, as it is in the time of a clock. */

/** The milliseconds of processor time this process spends until `call` is done, on whichever of its threads. */
export async function processorTime(call: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await call()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
