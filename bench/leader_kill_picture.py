"""Draws docs/leader-kill.svg: acknowledged writes, each 4 ms, around a kill -9 of the leader. Measured, not imagined.

    PYTHONPATH=tests/e2e python3 bench/leader_kill_picture.py
"""

import pathlib
import sys
import time

from failover import Load
from harness import Cluster, wait_until

BIN_S = 0.004
BEFORE_S, AFTER_S = 0.2, 0.4
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 260, 56, 40, 46


def measure():
    cluster = Cluster(3)
    try:
        cluster.start()
        leader = cluster.leader()
        load = Load([n for n in cluster.nodes if n is not leader])
        wait_until(lambda: load.acknowledged and load.acknowledged[-1] - load.acknowledged[0] > 1, "a second of load")
        killed = time.monotonic()
        leader.kill()
        wait_until(lambda: time.monotonic() > killed + AFTER_S, "some writes after it")
        load.end()
        return [t - killed for t in load.acknowledged], load.longest_gap(killed), len(load.errors)
    finally:
        cluster.close()


def draw(times, gap, errors):
    bins = [0] * int((BEFORE_S + AFTER_S) / BIN_S)
    for t in times:
        i = int((t + BEFORE_S) / BIN_S)
        if 0 <= i < len(bins):
            bins[i] += 1
    top = max(bins)
    span = WIDTH - LEFT - 16
    rise = HEIGHT - BOTTOM - TOP

    def x(t):
        return LEFT + (t + BEFORE_S) / (BEFORE_S + AFTER_S) * span

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           f'font-size="13" role="img" aria-label="Acknowledged writes around a kill of the leader">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           f'<text x="{LEFT}" y="20" font-size="15" fill="#111111">kill -9 of the leader: {gap * 1000:.0f} ms without '
           f'an acknowledgement, {errors} errors</text>']
    for i, count in enumerate(bins):
        height = count / top * rise
        out.append(f'<rect x="{LEFT + i * span / len(bins):.1f}" y="{HEIGHT - BOTTOM - height:.1f}" '
                   f'width="{span / len(bins) - 1:.1f}" height="{height:.1f}" fill="#2b6cb0"/>')
    out.append(f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{TOP - 14}" y2="{HEIGHT - BOTTOM}" stroke="#c53030" '
               f'stroke-width="2" stroke-dasharray="5 3"/>')
    out.append(f'<text x="{x(0) + 5:.1f}" y="{TOP - 4}" fill="#c53030">leader killed</text>')
    out.append(f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}" stroke="#444444"/>')
    for t in (-0.1, 0.0, 0.1, 0.2, 0.3):
        out.append(f'<text x="{x(t):.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle" fill="#333333">'
                   f'{t * 1000:.0f} ms</text>')
    out.append(f'<text x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end" fill="#333333">{top}</text>')
    out.append(f'<text x="{LEFT - 6}" y="{HEIGHT - BOTTOM}" text-anchor="end" fill="#333333">0</text>')
    out.append(f'<text x="{WIDTH - 16}" y="{HEIGHT - 6}" text-anchor="end" fill="#555555">acknowledged writes in {BIN_S * 1000:.0f} ms, 20 clients on '
               f'the two other nodes, fsync always</text>')
    out.append("</svg>\n")
    return "\n".join(out)


def main():
    times, gap, errors = measure()
    path = pathlib.Path(__file__).parents[1] / "docs" / "leader-kill.svg"
    path.write_text(draw(times, gap, errors))
    print(f"longest gap {gap * 1000:.0f} ms, {errors} errors: {path.name}")
    return 0 if errors == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
