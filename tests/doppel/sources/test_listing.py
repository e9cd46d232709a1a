"""Which files a source has: a folder, a list, a table, VGGSound's own table."""

import logging

import pytest

from doppel.sources.listing import audio_files


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sounds"
    for name in ("b/x.wav", "a.FLAC", "c.ogg", "notes.txt", ".cache/z.wav", "b/.y.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def listed(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_with_folders_in_it(folder):
    assert audio_files(folder) == ("a.FLAC", "b/x.wav", "c.ogg")


def test_lists_and_tables(folder, tmp_path):
    for text in (
        "c.ogg\n\n# a comment\na.FLAC\nc.ogg\n",
        'file,label\nc.ogg,rain\na.FLAC,"dog, barking"\n',
        "label,fold,file\nrain,1,c.ogg\ndog,2,a.FLAC\nshort\n",
    ):
        assert audio_files(folder, listed(tmp_path, text)) == ("a.FLAC", "c.ogg")


def test_the_table_of_vggsound(folder, tmp_path, caplog):
    (folder / "-0PQM4-hqg_000030.wav").touch()
    (folder / "b" / "---g-f_I2yQ_000001.flac").touch()
    table = listed(
        tmp_path,
        "---g-f_I2yQ,1,people marching,test\n-0PQM4-hqg,30,waterfall burbling,train\n"
        '--9O4XZOge4,30,"female speech, woman speaking",train\n',
    )
    with caplog.at_level(logging.INFO):
        found = audio_files(folder, table)
    assert found == ("-0PQM4-hqg_000030.wav", "b/---g-f_I2yQ_000001.flac")
    assert "2 of the 3 clips" in caplog.text


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", ValueError, "names no files"),
        ("a,b\nc,d\n", ValueError, "is no list of recordings: allowed are a file a line"),
        ("file,label\n", FileNotFoundError, "no audio in .* that .* names"),
        ("abcdefghijk,7,rain,train\n", FileNotFoundError, "no audio in .* that .* names"),
    ],
)
def test_what_is_no_list(folder, tmp_path, text, error, message):
    with pytest.raises(error, match=message):
        audio_files(folder, listed(tmp_path, text))
    with pytest.raises(FileNotFoundError, match="no list of recordings at"):
        audio_files(folder, tmp_path / "absent.csv")
