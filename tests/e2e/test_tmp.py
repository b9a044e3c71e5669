from playwright.sync_api import expect
from tests.e2e.world import World
from tests.e2e.scenes import busy
def test_it(world: World):
    p = world.enter("zhangwei")
    s = busy(world)
    page = p.go("/q")
    page.wait_for_timeout(3000)
    page.screenshot(path="/tmp/q.png")
    print(page.content()[:300])
    print(p.watch)
