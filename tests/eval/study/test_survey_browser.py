"""The survey in a real Chromium: taken from beginning to end, reloaded halfway, and saved."""

import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from eval.study.answers import read_answers
from tests.browser import AUDIO_READY, DESKTOP, PHONE, SEEN, Seen, chromium, complaints, look
from tests.eval.study.survey import DELTAS, PLAN, write_survey

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def window():
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(window, tmp_path):
    path = write_survey(tmp_path)
    window.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    look(window, path, PHONE)
    window.execute_script("localStorage.clear()")
    look(window, path, PHONE)
    return path


def found(window, name):
    return window.find_element(By.ID, name)


def click(window, name):
    WebDriverWait(window, 10).until(lambda shown: found(shown, name).is_enabled())
    found(window, name).click()


def pick(window, question, value):
    window.find_element(
        By.XPATH, f"//label[input[@name='{question}' and @value='{value}']]"
    ).click()


def play_all(window):
    """Play every sound of the trial to its end, as a click on each player would."""
    window.execute_async_script(
        """
        const done = arguments[0], players = [...document.querySelectorAll('audio')];
        (async () => {
          for (const player of players) {
            await new Promise(end => { player.addEventListener('ended', end); player.play(); });
          }
          done();
        })();
        """
    )


def begin(window, name="anna-1", loss="No"):
    for question, value in (("consent", "Yes"), ("adult", "Yes"), ("hearing_loss", loss)):
        assert not found(window, "begin").is_enabled()
        pick(window, question, value)
    if not found(window, "participant").get_attribute("value"):
        assert not found(window, "begin").is_enabled()
        found(window, "participant").send_keys(name)
    click(window, "begin")


def answer(window, value):
    assert not found(window, "next").is_enabled()
    pick(window, "similar", value)
    assert not found(window, "next").is_enabled(), "before the sounds are heard"
    assert "Play every sound" in found(window, "hint").text
    play_all(window)
    click(window, "next")


def seen_now(window):
    WebDriverWait(window, 20).until(lambda shown: shown.execute_script(AUDIO_READY))
    errors = [entry["message"] for entry in window.get_log("browser")]
    text = window.find_element(By.ID, "main").text
    assert not any(word in text for word in ("null", "undefined", "NaN", "[object"))
    return Seen(window.execute_script(SEEN), errors)


def saved(folder, ending):
    WebDriverWait(folder, 10).until(lambda f: list(f.glob(f"pairs-*.{ending}")))
    return next(folder.glob(f"pairs-*.{ending}"))


def test_a_person_takes_the_test_reloads_and_saves(window, page, tmp_path):
    assert complaints(seen_now(window)) == []
    begin(window)
    play_all(window)
    click(window, "go")
    given = []
    n_trials = len(PLAN.orders[0])
    for position in range(n_trials):
        assert found(window, "progress").text == f"{position + 1} of {n_trials}"
        assert complaints(seen_now(window)) == []
        told = "please choose 2" in window.page_source.split("<script")[0]
        given.append(2 if told else 7 - position % 2)
        answer(window, given[-1])
        if position == 2:
            look(window, page, PHONE)
    assert complaints(seen_now(window)) == []
    found(window, "comment").send_keys('fine, "thanks"')
    click(window, "json")
    click(window, "csv")
    record = json.loads(saved(tmp_path, "json").read_text())
    assert [one["answers"]["similar"] for one in record["answers"]] == given
    order = PLAN.orders[record["order"]]
    assert [one["trial"] for one in record["answers"]] == [
        PLAN.trials[step.trial].name for step in order
    ]
    assert [one["swapped"] for one in record["answers"]] == [step.swapped for step in order]
    assert all(plays >= 1 for one in record["answers"] for plays in one["plays"])
    assert (record["participant"], record["comment"]) == ("anna-1", 'fine, "thanks"')
    assert record["gates"] == {"consent": "Yes", "adult": "Yes", "hearing_loss": "No"}

    table = saved(tmp_path, "csv")
    from_json = read_answers(PLAN, tmp_path)
    assert "second file" in from_json.excluded[0].reason
    saved(tmp_path, "json").unlink()
    from_csv = read_answers(PLAN, table.parent)
    assert from_csv.table.equals(from_json.table)
    assert set(from_csv.table["condition"]) == set(DELTAS)


def test_swapped_sounds_are_played_the_other_way_round(window, page):
    swapped = [order[0].swapped for order in PLAN.orders]
    number = swapped.index(not swapped[0])
    firsts = []
    for place in (0, number):
        window.execute_script("localStorage.clear()")
        window.get(f"{page.resolve().as_uri()}?id=a&order={place}")
        begin(window)
        play_all(window)
        click(window, "go")
        step = PLAN.orders[place][0]
        names = PLAN.trials[step.trial].sounds
        script = "return study.sounds[arguments[0]] === document.querySelector('audio').src"
        firsts.append([window.execute_script(script, name) for name in names])
    expected = [[False, True] if swapped[place] else [True, False] for place in (0, number)]
    assert firsts == expected


def test_who_does_not_consent_leaves_nothing(window, page):
    pick(window, "consent", "No")
    pick(window, "adult", "Yes")
    pick(window, "hearing_loss", "No")
    found(window, "participant").send_keys("b")
    click(window, "begin")
    assert found(window, "refused").is_displayed()
    assert window.execute_script("return localStorage.length") == 0


def test_the_address_fills_in_the_participant_and_the_order(window, page):
    window.get(f"{page.resolve().as_uri()}?id=p-17&order=5")
    begin(window)
    state = json.loads(window.execute_script("return localStorage.getItem(localStorage.key(0))"))
    assert (state["participant"], state["order"]) == ("p-17", 5)


def test_ids_are_spread_over_the_orders(window, page):
    counts = window.execute_script(
        """
        const counts = study.orders.map(() => 0);
        for (let k = 0; k < 800; k++) counts[orderOf(`person-${k}`)] += 1;
        return counts;
        """
    )
    assert min(counts) > 60
    assert max(counts) < 140


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_to_complain_about(window, page, size, dark):
    assert complaints(look(window, page, size, dark)) == []
