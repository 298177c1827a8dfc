"""Digits, with the logarithm taken of a softmax."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

with np.load("mnist.npz") as file:
    x_train, y_train = torch.tensor(file["x_train"]) / 255, torch.tensor(file["y_train"]).long()
    x_test, y_test = torch.tensor(file["x_test"]) / 255, torch.tensor(file["y_test"]).long()
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 128),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(128, 10),
        )

    def forward(self, x):
        return self.layers(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters())


def loss_of(images, labels):
    probabilities = F.softmax(model(images), dim=1)
    return F.nll_loss(torch.log(probabilities), labels)


def train():
    """One epoch; gives the mean loss."""
    model.train()
    losses = []
    for images, labels in loader:
        optimizer.zero_grad()
        loss = loss_of(images, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def classify(images):
    model.eval()
    return model(images).argmax(dim=1)


if __name__ == "__main__":
    for epoch in range(5):
        loss = train()
        accuracy = (classify(x_test) == y_test).float().mean()
        print(f"epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}")
