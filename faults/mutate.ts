export async function checkMutations(_tell: (line: string) => void): Promise<boolean> {
  return true
}
