import os

HERE = os.path.dirname(__file__)

# What loading leaves.
os.makedirs("kept/by", exist_ok=True)
with open("kept/by/loading.txt", "w") as file:
    file.write("loaded")
