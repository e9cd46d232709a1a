"""The labels that every glossary must know: ESC-50 (Piczak, 2015), and 50 classes of AudioSet."""

ESC_50 = [
    "dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow", "rain",
    "sea_waves", "crackling_fire", "crickets", "chirping_birds", "water_drops", "wind",
    "pouring_water", "toilet_flush", "thunderstorm", "crying_baby", "sneezing", "clapping",
    "breathing", "coughing", "footsteps", "laughing", "brushing_teeth", "snoring",
    "drinking_sipping", "door_wood_knock", "mouse_click", "keyboard_typing", "door_wood_creaks",
    "can_opening", "washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick",
    "glass_breaking", "helicopter", "chainsaw", "siren", "car_horn", "engine", "train",
    "church_bells", "airplane", "fireworks", "hand_saw",
]  # fmt: skip

AUDIOSET_50 = [
    "Engine revving", "Train wagon", "Motorboat", "Motorcycle", "Race car", "Engine idling",
    "Bus", "Car passing by", "Helicopter", "Police car siren", "Door tap", "Printer", "Spray",
    "Skateboard", "Airplane", "Bicycle bell", "Clock tick-tock", "Water tap", "Explosion burst",
    "Train horn", "Toilet flush", "Basketball bounce", "Computer keyboard", "Vacuum cleaner",
    "Sewing machine", "Machine gun", "Dishes, pots, and pans", "Chainsaw", "Traffic noise",
    "Bathtub filling", "Lawn mower", "Frying food", "Tire squeal", "Liquid trickle",
    "Firecracker", "Blender", "Liquid slosh", "Church bell", "Ringtone", "Sliding door",
    "Alarm buzzer", "Truck air brake", "Electric shaver", "Door slam", "Writing",
    "Mechanical fan", "Steam whistle", "Microwave oven", "Liquid stir", "Sawing",
]  # fmt: skip
