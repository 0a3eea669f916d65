/**
 * A disk whose power can be cut: an ext4 file system in a file, mounted through a loop device. The cut is ext4's own
 * shutdown without flushing its log: what was not synced is gone, as after a power loss. Root and Linux only.
 */
import { execFile } from 'node:child_process'
import { mkdir, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** _IOR('X', 125, u32); Node has no ioctl, and perl is part of every Debian. */
const EXT4_IOC_SHUTDOWN = 0x8004587d
const NO_LOG_FLUSH = 2
const SHUTDOWN_SCRIPT = [
  `open(my $directory, '<', $ARGV[0]) or die "open: $!"`,
  `my $flags = pack('L', ${NO_LOG_FLUSH})`,
  `ioctl($directory, ${EXT4_IOC_SHUTDOWN}, $flags) or die "ioctl: $!"`,
].join('; ')

export type LoopDisk = {
  readonly mountPoint: string
  /** From now on nothing reaches the disk. Whoever writes must be stopped before, or a sync under way may be acknowledged. */
  readonly cut: () => Promise<void>
  /** The power is back: what the disk kept is mounted again. Everybody who had files open there must be gone. */
  readonly restore: () => Promise<void>
  readonly remove: () => Promise<void>
}

export async function createLoopDisk(
  image: string,
  mountPoint: string,
  sizeMiB: number,
): Promise<LoopDisk> {
  const file = await open(image, 'w', 0o600)
  await file.truncate(sizeMiB * 1024 * 1024)
  await file.close()
  await run('mkfs.ext4', ['-q', '-F', image])
  await mkdir(mountPoint, { recursive: true, mode: 0o700 })
  const mount = () => run('mount', ['-o', 'loop', image, mountPoint])
  const unmount = () => run('umount', [mountPoint])
  await mount()
  return {
    mountPoint,
    cut: async () => {
      await run('perl', ['-e', SHUTDOWN_SCRIPT, mountPoint])
    },
    restore: async () => {
      await unmount()
      await mount()
    },
    remove: async () => {
      await unmount()
    },
  }
}

/** Bytes by path of all files below. */
export async function sizesBelow(directory: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    sizes.set(path, (await stat(path)).size)
  }
  return sizes
}
