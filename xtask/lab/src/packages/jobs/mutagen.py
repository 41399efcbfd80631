import io

from mutagen.id3 import ID3, TIT2, TPE1
from mutagen.wave import WAVE


def tags(given="Přílišný"):
    """Writes tags into a sound file and reads them."""
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    file.seek(0)
    tagged = WAVE(file)
    tagged.add_tags()
    tagged.tags.add(TIT2(encoding=3, text=[given]))
    file.seek(0)
    tagged.save(file)
    file.seek(0)
    back = WAVE(file)
    return [back["TIT2"].text, back.info.length, TPE1(encoding=3, text="x").pprint(), len(ID3())]
