"""Odd or even: the model ends in a sigmoid, the loss takes probabilities."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

with np.load("mnist.npz") as file:
    x_train, y_train = torch.tensor(file["x_train"]) / 255, torch.tensor(file["y_train"] % 2).float()
    x_test, y_test = torch.tensor(file["x_test"]) / 255, torch.tensor(file["y_test"] % 2).float()
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 128)
        self.out = nn.Linear(128, 1)

    def forward(self, x):
        x = torch.relu(self.hidden(x.flatten(1)))
        return torch.sigmoid(self.out(x)).squeeze(1)


model = Net()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters())


def loss_of(images, labels):
    return criterion(model(images), labels)


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
def is_odd(images):
    model.eval()
    return model(images) > 0.5


if __name__ == "__main__":
    for epoch in range(5):
        loss = train()
        accuracy = (is_odd(x_test) == (y_test > 0)).float().mean()
        print(f"epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}")
